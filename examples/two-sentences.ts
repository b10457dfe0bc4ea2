// Two sentences, one step: a checkpoint, a batch, a loss, its gradients, an update.
//   npx tsx examples/two-sentences.ts --model bert-base-uncased
import { parseArgs } from "node:util";
import { AdamW, AutoModelForSequenceClassification, AutoTokenizer, tensor } from "attune";

const { values } = parseArgs({ options: { model: { type: "string", default: "bert-base-uncased" } } });

const checkpoint = values.model; // a Hub id or a folder
const tokenizer = await AutoTokenizer.fromPretrained(checkpoint);
const model = await AutoModelForSequenceClassification.fromPretrained(checkpoint);

const inputs = tokenizer(["I've been waiting for a HuggingFace course my whole life.", "This course is amazing!"], {
  padding: true,
  truncation: true,
  returnTensors: true,
});
const optimizer = new AdamW(model.parameters());
const { loss } = model.forward({ ...inputs, labels: tensor([1, 1], { dtype: "int32" }) });
loss.backward();
optimizer.step();
console.log(await loss.item());
