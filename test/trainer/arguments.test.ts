// The schema of TrainingArguments: defaults, checks, Python's spelling.
import { describe, expect, it } from "vitest";
import { kebabCase, snakeCase } from "../../src/trainer/fields.js";
import { TrainingArguments } from "../../src/trainer/index.js";

describe("TrainingArguments", () => {
  it("has the defaults of Python's", () => {
    expect(new TrainingArguments()).toMatchObject({
      perDeviceTrainBatchSize: 8,
      perDeviceEvalBatchSize: 8,
      numTrainEpochs: 3,
      maxSteps: -1,
      learningRate: 5e-5,
      lrSchedulerType: "linear",
      warmupSteps: 0,
      weightDecay: 0,
      adamBeta1: 0.9,
      adamBeta2: 0.999,
      adamEpsilon: 1e-8,
      gradientAccumulationSteps: 1,
      maxGradNorm: 1,
      evalStrategy: "no",
      seed: 42,
    });
  });

  it("takes what is given, and leaves a default where undefined is given", () => {
    const args = new TrainingArguments({ learningRate: 1e-3, maxSteps: undefined, evalStrategy: "steps" });
    expect([args.learningRate, args.maxSteps, args.evalStrategy]).toEqual([1e-3, -1, "steps"]);
  });

  it("names the nearest field for one that it does not have", () => {
    const wrong = { learningrate: 1e-3 } as object;
    expect(() => new TrainingArguments(wrong)).toThrow(
      'TrainingArguments has no field "learningrate"; did you mean "learningRate"?',
    );
    expect(() => new TrainingArguments({ fp16FullEval: true } as object)).toThrow('has no field "fp16FullEval"');
  });

  it.each([
    [{ learningRate: -1 }, "learningRate must be a number of at least 0, not -1"],
    [{ learningRate: Number.NaN }, "learningRate must be a number"],
    [{ perDeviceTrainBatchSize: 1.5 }, "perDeviceTrainBatchSize must be a whole number of at least 1, not 1.5"],
    [{ perDeviceTrainBatchSize: "8" }, 'perDeviceTrainBatchSize must be a whole number of at least 1, not "8"'],
    [{ numTrainEpochs: 0 }, "numTrainEpochs must be a number above 0, not 0"],
    [{ adamBeta1: 1 }, "adamBeta1 must be a number of at least 0 below 1, not 1"],
    [{ evalStrategy: "epochs" }, 'evalStrategy must be one of no, epoch, steps (did you mean epoch?), not "epochs"'],
    [{ warmupSteps: 1.5 }, "warmupSteps must be a whole number of steps, or below 1 a share of the run"],
    [{ disableTqdm: 1 }, "disableTqdm must be true or false, not 1"],
    [{ outputDir: "" }, "outputDir must be a text that is not empty"],
    [{ dataloaderNumWorkers: -1 }, "dataloaderNumWorkers must be a whole number of at least 0, not -1"],
    [{ maxSteps: 0 }, "maxSteps must be positive, or -1 for whole epochs"],
  ])("refuses %j", (options, message) => {
    expect(() => new TrainingArguments(options as object)).toThrow(message);
  });

  it("is saved under Python's names", () => {
    const saved = new TrainingArguments({ warmupSteps: 0.1 }).toJSON();
    expect(saved).toMatchObject({ per_device_train_batch_size: 8, adam_beta1: 0.9, warmup_steps: 0.1, seed: 42 });
    expect(Object.keys(saved)).toEqual(Object.keys(saved).toSorted());
    expect(Object.values(saved)).not.toContain(undefined);
  });

  it("spells names for Python and for the command line", () => {
    expect(snakeCase("perDeviceTrainBatchSize")).toBe("per_device_train_batch_size");
    expect(kebabCase("adamBeta1")).toBe("adam-beta1");
    expect(kebabCase("topK")).toBe("top-k");
  });
});
