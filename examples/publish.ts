// Publishing a trained model: what trainer.ts left in its folder goes to the Hub, and is used from there by its name.
//   npx attune login
//   npx tsx examples/publish.ts --folder runs/mrpc --repository user/bert-mrpc --private
import { parseArgs } from "node:util";
import { pipeline } from "attune";
import { folderFiles, uploadFolder, whoami } from "attune/hub";

const { values } = parseArgs({
  options: {
    folder: { type: "string", default: "runs/mrpc" },
    repository: { type: "string", default: "bert-mrpc" }, // of the account that is logged in, where no owner is named
    private: { type: "boolean", default: false },
  },
});

const { name } = await whoami();
const files = await folderFiles(values.folder, { ignorePatterns: "checkpoint-*/*" });
console.log(`${name} publishes ${files.length} files: ${files.map(({ path }) => path).join(", ")}`);

const { id, url, changed } = await uploadFolder(values.repository, values.folder, {
  private: values.private,
  ignorePatterns: "checkpoint-*/*", // for resuming, and for nobody else
  commitMessage: "Fine-tuned on MRPC",
});
console.log(changed.length > 0 ? `published: ${url}` : `${url} had all of it`);

const classify = await pipeline("text-classification", id);
console.log(await classify({ text: "He said it .", textPair: "It was said by him ." }));
