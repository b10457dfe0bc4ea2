// Training a part of a model: embeddings and lower layers frozen, the head with a learning rate of its own, no decay on
// biases and layer norms; layers computed anew in backward, to save memory.
//   npx tsx examples/part-of-a-model.ts --model bert-base-uncased
import { parseArgs } from "node:util";
import { AdamW, AutoModelForSequenceClassification, AutoTokenizer, parameterGroups, tensor } from "attune";

const { values } = parseArgs({ options: { model: { type: "string", default: "bert-base-uncased" } } });

const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const model = await AutoModelForSequenceClassification.fromPretrained(values.model, { numLabels: 2 });

// a module's name, a name with *, or a regular expression; one that matches nothing is an error
const frozen = model.freeze("*embeddings*", /layer\.[0-2]\./);
console.log(`${frozen.length} of ${model.parameters().length} parameters are frozen`);

const optimizer = new AdamW(
  parameterGroups(model, [
    { match: ["*.bias", "*LayerNorm.weight"], weightDecay: 0 },
    { match: /classifier/, lr: 1e-3 },
  ]),
  { lr: 5e-5, weightDecay: 0.01 },
);
for (const { params, lr, weightDecay } of optimizer.paramGroups) {
  console.log(`${params.length} with learning rate ${lr}, decay ${weightDecay}`);
}

model.activationCheckpointingEnable();
model.train();
const inputs = tokenizer(["I've been waiting for a course my whole life.", "This course is dull."], {
  padding: true,
  truncation: true,
  returnTensors: true,
});
for (let step = 0; step < 5; step++) {
  const { loss } = model.forward({ ...inputs, labels: tensor([1, 0], { dtype: "int32" }) });
  loss.backward();
  optimizer.step();
  optimizer.zeroGrad();
  console.log(`step ${step + 1}: loss ${(await loss.item()).toFixed(4)}`);
}
