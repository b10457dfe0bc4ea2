// attune export: a trained model as a folder that other runtimes run.
import { onnxTasks } from "../onnx/task-names.js";
import { choice, text, toggle } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { trainedModelFlags } from "./model-flags.js";

const flags = {
  ...trainedModelFlags,
  format: choice(["onnx"], { default: "onnx", help: "what to write: a folder in the layout of transformers.js" }),
  output: text({ default: undefined, placeholder: "FOLDER", help: "folder to write into; other files there stay" }),
  task: choice(["auto", ...onnxTasks], {
    default: "auto",
    help: "what the model is for; auto: what its config.json says",
  }),
  quantize: toggle({ default: true, help: "write a model in int8, too, which browsers load by default" }),
  externalData: toggle({
    default: undefined,
    help: "weights in a file of their own",
    defaultNote: "where they are 2 GiB or more",
  }),
} as const;

export const command = defineCommand({
  name: "export",
  description:
    "Writes a trained model as a folder that onnxruntime and transformers.js run: config.json, the tokenizer, onnx/model.onnx in\n" +
    "float32 and onnx/model_quantized.onnx in int8. `attune push` publishes it.",
  usage: ["attune export --model runs/mrpc --format onnx --output exported/mrpc"],
  sections: [{ title: "Flags", flags }],
  flags,
  required: ["model", "output"],
  run: async ({ model = "", revision, output = "", task, quantize, externalData }) => {
    const [{ exportOnnx }, { formatBytes }] = await Promise.all([
      import("../onnx/index.js"),
      import("../hub/progress.js"),
    ]);
    const options = { revision, quantize, externalData, task: task === "auto" ? undefined : task };
    const { files } = await exportOnnx(model, output, options);
    const sizes = files.map(({ bytes }) => formatBytes(bytes));
    const width = Math.max(...sizes.map((size) => size.length));
    for (const [i, { path }] of files.entries()) console.log(`${sizes[i].padStart(width)}  ${output}/${path}`);
    return 0;
  },
});
