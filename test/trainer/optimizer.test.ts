// What decays and what does not, and how long a run is.
import { describe, expect, it } from "vitest";
import { TrainingArguments } from "../../src/trainer/index.js";
import { createAdamW, planRun } from "../../src/trainer/optimizer.js";
import { tinyModel } from "./tiny.js";

describe("the optimizer of the Trainer", () => {
  it("decays weights and tables, not biases and LayerNorms, in this order of groups", () => {
    const model = tinyModel();
    const adamw = createAdamW(model, new TrainingArguments({ weightDecay: 0.1, adamBeta2: 0.98, learningRate: 1e-3 }));
    const [decay, plain] = adamw.paramGroups;
    expect([decay.weightDecay, plain.weightDecay]).toEqual([0.1, 0]);
    expect([decay.lr, decay.betas, decay.eps]).toEqual([1e-3, [0.9, 0.98], 1e-8]);
    const names = new Map(Array.from(model.namedParameters(), ([name, parameter]) => [parameter as object, name]));
    const spelled = (group: typeof decay) => group.params.map((parameter) => names.get(parameter));
    expect(spelled(decay)).toEqual([
      "bert.embeddings.word_embeddings.weight",
      "bert.embeddings.position_embeddings.weight",
      "bert.embeddings.token_type_embeddings.weight",
      "bert.encoder.layer.0.attention.self.query.weight",
      "bert.encoder.layer.0.attention.self.key.weight",
      "bert.encoder.layer.0.attention.self.value.weight",
      "bert.encoder.layer.0.attention.output.dense.weight",
      "bert.encoder.layer.0.intermediate.dense.weight",
      "bert.encoder.layer.0.output.dense.weight",
      "bert.pooler.dense.weight",
      "classifier.weight",
    ]);
    expect(spelled(plain).every((name) => /bias$|LayerNorm\.weight$/.test(name ?? ""))).toBe(true);
    expect(decay.params.length + plain.params.length).toBe(model.parameters().length);
  });
});

describe("the plan of a run", () => {
  const plan = (options: object, batches: number) => planRun(new TrainingArguments(options), batches);

  it("counts optimizer steps: MRPC's 459 batches, three epochs", () => {
    expect(plan({}, 459)).toMatchObject({ stepsPerEpoch: 459, maxSteps: 1377, epochs: 3, loggingSteps: 138 });
  });

  it("rounds a last group of batches up, and fractions of an epoch", () => {
    expect(plan({ gradientAccumulationSteps: 4 }, 459)).toMatchObject({ stepsPerEpoch: 115, maxSteps: 345 });
    expect(plan({ numTrainEpochs: 0.5 }, 459)).toMatchObject({ maxSteps: 230, epochs: 1 });
  });

  it("lets maxSteps rule, and shares be shares of it", () => {
    const shares = { maxSteps: 1000, warmupSteps: 0.06, loggingSteps: 0.25, evalSteps: 200, saveSteps: 0.5 };
    expect(plan(shares, 459)).toEqual({
      batchesPerEpoch: 459,
      stepsPerEpoch: 459,
      maxSteps: 1000,
      epochs: 3,
      warmupSteps: 60,
      loggingSteps: 250,
      evalSteps: 200,
      saveSteps: 500,
    });
  });
});
