// The card of a model that is published without a Trainer: what is known of it, and how to use it.
import { stringify } from "yaml";
import type { CommonConfig } from "./config.js";

/** README.md of a model. `architecture` is its class in Python: BertForSequenceClassification. */
export function plainModelCard(id: string, config: CommonConfig, architecture: string | undefined): string {
  const header = { library_name: "transformers", tags: [config.model_type, "attune"] };
  const auto = `AutoModel${/For\w+$/.exec(architecture ?? "")?.[0] ?? ""}`;
  const labels = Object.values(config.id2label);
  const isNamed = labels.some((label) => !/^LABEL_\d+$/.test(label));
  return `---
${stringify(header)}---

# ${id.split("/").at(-1)}

${architecture ?? `A ${config.model_type} model`}${isNamed && /Classification/.test(auto) ? `, with the labels ${labels.join(", ")}` : ""}. Published with Attune.

\`\`\`ts
import { ${auto}, AutoTokenizer } from ${JSON.stringify("attune")};

const tokenizer = await AutoTokenizer.fromPretrained("${id}");
const model = await ${auto}.fromPretrained("${id}");
\`\`\`

\`\`\`py
from transformers import ${auto}, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("${id}")
model = ${auto}.from_pretrained("${id}")
\`\`\`
`;
}
