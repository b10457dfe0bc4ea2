// attune merge: an adapter and the model that it belongs to as one ordinary model.
import { ConfigError } from "../support/errors.js";
import { text } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { trainedModelFlags } from "./model-flags.js";
import { foundTaskFlag } from "./task-flags.js";

const flags = {
  ...trainedModelFlags,
  model: { ...trainedModelFlags.model, help: "an adapter: its folder, or its name on the Hub" },
  base: text({
    default: undefined,
    placeholder: "ID|PATH",
    help: "the model that it belongs to",
    defaultNote: "the one that it names",
  }),
  output: text({ default: undefined, placeholder: "FOLDER", help: "folder to write into; other files there stay" }),
  ...foundTaskFlag,
} as const;

export const command = defineCommand({
  name: "merge",
  description:
    "Adds a LoRA adapter to the weights of its model, and writes an ordinary model, which costs no more than one without and\n" +
    "is read by those who know no adapters.",
  usage: ["attune merge --model runs/lora --output runs/merged"],
  sections: [{ title: "Flags", flags }],
  flags,
  required: ["model", "output"],
  run: async ({ model = "", revision, base, output = "", task: asked }) => {
    const [{ resolve }, { mergeAdapter }, { taskOf }, { attuneCommand }] = await Promise.all([
      import("node:path"),
      import("./merge-adapter.js"),
      import("./run-plan.js"),
      import("./invocation.js"),
    ]);
    if (resolve(model) === resolve(output))
      throw new ConfigError(`--output ${output} is the adapter's own folder: the merged model needs another`);
    const task = asked === "found" ? await taskOf(model, revision) : asked;
    await mergeAdapter(task, model, { revision, base, output });
    console.log(`The merged model is in ${output}. What next:\n  ${attuneCommand()} eval --model ${output} ...`);
    return 0;
  },
});
