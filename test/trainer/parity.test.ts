// The Trainer's steps beside PyTorch's: losses, gradient norms and rates of the first steps of a recorded run, whole
// batches and the same batches accumulated from halves.
import { expect, it, vi } from "vitest";
import { type Batch, DataCollatorWithPadding, DataLoader } from "../../src/batches/index.js";
import { type AnyRow, type DatasetDict, loadDataset } from "../../src/datasets/index.js";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { terminal } from "../../src/support/terminal.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { Trainer } from "../../src/trainer/index.js";
import { describeShared, sharedJson, sharedPath } from "../shared.js";

vi.spyOn(terminal, "writeLine").mockImplementation(() => undefined);

interface Trajectory {
  readonly steps: number;
  readonly batch_size: number;
  readonly lr: number;
  readonly loss: readonly number[];
  readonly grad_norm: readonly number[];
}

const STEPS = 12;

describeShared("the Trainer on MRPC, dropout 0, rows in their order", () => {
  const checkpoint = sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2");

  it.each([1, 2])("takes PyTorch's steps, accumulated from %i", async (gradientAccumulationSteps) => {
    const expected = sharedJson<Trajectory>("fixtures/trajectories/minilm-mrpc.json");
    const tokenizer = await AutoTokenizer.fromPretrained(checkpoint);
    const raw: DatasetDict = await loadDataset(sharedPath("hub/datasets/nyu-mll/glue"), "mrpc");
    const rows = raw.train.select(Array.from({ length: STEPS * expected.batch_size }, (_, i) => i));
    const trainDataset = await rows.map(
      (columns, context) =>
        context.tokenizer(columns.sentence1 as string[], columns.sentence2 as string[], { truncation: true }),
      { batched: true, with: { tokenizer }, removeColumns: ["sentence1", "sentence2", "idx"] },
    );
    const model = await AutoModelForSequenceClassification.fromPretrained(checkpoint, {
      hidden_dropout_prob: 0,
      attention_probs_dropout_prob: 0,
    });
    const [weight, bias] = [model.parameter("classifier.weight"), model.parameter("classifier.bias")];
    weight.write_(Float32Array.from({ length: weight.size }, (_, i) => 0.02 * Math.sin(1 + i)));
    bias.fill_(0);

    const collator = new DataCollatorWithPadding(tokenizer);
    const batchSize = expected.batch_size / gradientAccumulationSteps;
    class InOrder extends Trainer {
      override getTrainDataLoader(): DataLoader<AnyRow, Batch> {
        return new DataLoader<AnyRow, Batch>(trainDataset, { batchSize, collator });
      }
    }
    const stop = new AbortController();
    const trainer = new InOrder({
      model,
      args: {
        maxSteps: expected.steps,
        learningRate: expected.lr,
        loggingSteps: 1,
        gradientAccumulationSteps,
        disableTqdm: true,
        saveStrategy: "no",
      },
      trainDataset,
      dataCollator: collator,
    });
    trainer.computeLoss = (given, batch) => {
      if (trainer.state.globalStep === STEPS - 1) stop.abort(); // the schedule is that of all steps
      return given.forward(batch).loss;
    };
    await trainer.train({ signal: stop.signal });

    const log = trainer.state.logHistory.filter((row) => row.loss !== undefined);
    expect(log.length).toBe(STEPS);
    for (const [i, row] of log.entries()) {
      const rate = expected.lr * (1 - i / expected.steps);
      expect(Math.abs(row.loss / expected.loss[i] - 1), `loss of step ${row.step}`).toBeLessThanOrEqual(1e-5);
      expect(Math.abs(row.grad_norm / expected.grad_norm[i] - 1), `norm of step ${row.step}`).toBeLessThanOrEqual(1e-4);
      expect(Math.abs(row.learning_rate / rate - 1)).toBeLessThanOrEqual(1e-9);
    }
  });
});
