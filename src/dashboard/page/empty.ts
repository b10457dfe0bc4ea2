// What a folder without runs has to say: how to make a first one.
import { h } from "./dom.js";

/** @param folder The folder of runs, as the server names it. */
export function emptyFolder(folder: string): HTMLElement[] {
  const output = (name: string) => quoted(`${folder.replace(/[\\/]$/, "")}/${name}`);
  return [
    h("strong", {}, "There are no runs in this folder yet."),
    h("p", {}, "A first one, from rows of your own, with a column of text and one of labels:"),
    command(
      "Command that trains",
      `npx attune train --model bert-base-uncased --data reviews.csv --output ${output("first")}`,
    ),
    h("p", {}, "Or a search for the best of several settings:"),
    command(
      "Command that searches",
      `npx attune search --model bert-base-uncased --data reviews.csv --output ${output("search")} --trials 8 learning-rate=log-uniform:1e-5..5e-4`,
    ),
    h(
      "p",
      {},
      "Or from a program: a Trainer whose ",
      h("code", {}, "outputDir"),
      " is a folder in this one. Runs appear here as soon as their training begins.",
    ),
  ];
}

function command(label: string, text: string): HTMLElement {
  return h("pre", { tabindex: 0, role: "region", "aria-label": label }, h("code", {}, text));
}

/** A path as a shell takes it. */
function quoted(path: string): string {
  return /^[\w./:\\~-]+$/.test(path) ? path : `"${path.replaceAll(/["$`]/g, "\\$&")}"`;
}
