// Preloaded into `attune`: writes the address of every module that is loaded to the file that ATTUNE_TEST_LOADED names.
import { register } from "node:module";

const hooks = `
import { appendFileSync } from "node:fs";
export async function load(url, context, next) {
  appendFileSync(process.env.ATTUNE_TEST_LOADED, url + "\\n");
  return next(url, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
