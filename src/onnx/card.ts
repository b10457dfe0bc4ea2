// README.md of an exported model.
import { stringify } from "yaml";
import type { CommonConfig } from "../models/index.js";
import type { OnnxTask } from "./task-names.js";
import { exportTask } from "./tasks.js";

export function onnxCard(config: CommonConfig, task: OnnxTask): string {
  const header = { library_name: "transformers.js", pipeline_tag: task, tags: [config.model_type, "onnx", "attune"] };
  const use = exportTask(task).hasPipeline
    ? `\`\`\`js
import { pipeline } from "@huggingface/transformers";

const run = await pipeline("${task}", "user/model"); // this repository's name
\`\`\``
    : "`onnx/model.onnx` runs in onnxruntime; transformers.js has no pipeline for this task.";
  return `---
${stringify(header)}---

# A ${config.model_type} model for ${task}

Exported to ONNX with Attune: \`onnx/model.onnx\` in float32, \`onnx/model_quantized.onnx\` in int8 where it is there.

${use}
`;
}
