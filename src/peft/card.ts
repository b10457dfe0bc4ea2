// The card of an adapter that is published without a Trainer.
import { stringify } from "yaml";

/** README.md of an adapter; `base` is the checkpoint that it belongs to. */
export function adapterCard(id: string, base: string | undefined): string {
  const onHub = base !== undefined && /^[\w.-]+(\/[\w.-]+)?$/.test(base);
  const header = { library_name: "peft", ...(onHub ? { base_model: base } : {}), tags: ["lora", "attune"] };
  return `---
${stringify(header)}---

# ${id.split("/").at(-1)}

A LoRA adapter${base === undefined ? "" : ` of ${base}`}. Published with Attune.

\`\`\`ts
import { PeftModel } from ${JSON.stringify("attune")};

const model = await PeftModel.fromPretrained(base, "${id}"); // base: the model that it belongs to
\`\`\`

\`\`\`py
from peft import PeftModel

model = PeftModel.from_pretrained(base, "${id}")
\`\`\`
`;
}
