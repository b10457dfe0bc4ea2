// Frozen parameters of a model: they get no gradient, and all others the one that PyTorch gives them in the whole model.
import { it } from "vitest";
import { AutoModelForMaskedLM, AutoModelForSequenceClassification } from "../../src/models/index.js";
import { batchOf, expectGradients, readReference } from "../parity/fixtures.js";
import { describeShared } from "../shared.js";

describeShared("freezing", () => {
  it.each([
    ["the embeddings and the first layer", ["bert.embeddings", /layer\.0\./]],
    ["one of three stacked projections", ["*.query.weight"]],
    ["biases", ["*.bias"]],
    ["all but the head", ["bert"]],
  ])("%s", async (_, patterns) => {
    const { reference, folder } = readReference("bert-sequence-classification");
    const model = (await AutoModelForSequenceClassification.fromPretrained(folder)).train();
    const frozen = model.freeze(...patterns);
    model.forward(batchOf(reference, false)).loss.backward();
    await expectGradients(model, reference, 5e-6, frozen);
  });

  it("a layer whose weights all layers share", async () => {
    const { reference, folder } = readReference("albert-masked-lm");
    const model = (await AutoModelForMaskedLM.fromPretrained(folder)).train();
    const frozen = model.freeze("albert.encoder.albert_layer_groups", "*.word_embeddings.weight");
    model.forward(batchOf(reference, false)).loss.backward();
    await expectGradients(model, reference, 5e-6, frozen);
  });
});
