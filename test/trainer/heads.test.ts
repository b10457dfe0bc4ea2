// Every head under the Trainer: gradients accumulated from small batches are those of the large one, with padding and a
// short last batch; outputs of unequal length are put together.
import { describe, expect, it, vi } from "vitest";
import {
  type Batch,
  type Collator,
  DataCollatorForMultipleChoice,
  DataCollatorForTokenClassification,
  DataCollatorWithPadding,
} from "../../src/batches/index.js";
import { Dataset } from "../../src/datasets/index.js";
import {
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
} from "../../src/models/index.js";
import { terminal } from "../../src/support/terminal.js";
import { type TrainableModel, Trainer, type TrainerOptions } from "../../src/trainer/index.js";
import { config, sentences, tokenizer } from "./tiny.js";

vi.spyOn(terminal, "writeLine").mockImplementation(() => undefined);

const ROWS = 22; // batches of 12 and 10, or of 4, 4, 4 and 4, 4, 2

const tokens = sentences(ROWS).map(({ text }) => {
  const { input_ids, attention_mask } = tokenizer(text, { returnTensors: false });
  return { input_ids, attention_mask };
});
type Row = (typeof tokens)[number];

interface Head {
  readonly model: () => TrainableModel;
  readonly rows: readonly object[];
  readonly collator: Collator<never, Batch>;
}

const rowsWith = (labels: (row: Row, i: number) => object) => tokens.map((row, i) => ({ ...row, ...labels(row, i) }));
const padding = new DataCollatorWithPadding(tokenizer);
const byToken = new DataCollatorForTokenClassification(tokenizer);
const classifier = (options: object) => () =>
  AutoModelForSequenceClassification.fromConfig(config, { seed: 5, ...options });
/** Labels for some of a row's tokens; every third row has one only. */
const someTokens = (classes: number) =>
  rowsWith(({ input_ids }, i) => ({
    labels: Array.from(input_ids, (id, j) => ((i % 3 === 0 ? j === 1 : j % 2 === 1) ? (id + i) % classes : -100)),
  }));

const heads: Record<string, Head> = {
  classes: { model: classifier({ numLabels: 3 }), rows: rowsWith((_, i) => ({ labels: i % 3 })), collator: padding },
  "a number": {
    model: classifier({ numLabels: 1 }),
    rows: rowsWith((_, i) => ({ labels: i / 7 - 1.5 })),
    collator: padding,
  },
  "independent labels": {
    model: classifier({ numLabels: 3, problemType: "multi_label_classification" }),
    rows: rowsWith((_, i) => ({ labels: [i % 2, i % 3 === 0 ? 1 : 0, 1].map((label) => label + 0) })),
    collator: padding,
  },
  "a label for each token": {
    model: () => AutoModelForTokenClassification.fromConfig(config, { seed: 5, numLabels: 3 }),
    rows: someTokens(3),
    collator: byToken,
  },
  "masked words": {
    model: () => AutoModelForMaskedLM.fromConfig(config, { seed: 5 }),
    rows: someTokens(config.vocab_size),
    collator: byToken,
  },
  spans: {
    model: () => AutoModelForQuestionAnswering.fromConfig(config, { seed: 5 }),
    rows: rowsWith(({ input_ids }, i) => ({ start_positions: i % 3, end_positions: input_ids.length - 1 })),
    collator: padding,
  },
  choices: {
    model: () => AutoModelForMultipleChoice.fromConfig(config, { seed: 5 }),
    rows: tokens.map((row, i) => {
      const other = tokens[(i + 5) % ROWS];
      const both = (name: keyof Row) => [row[name], other[name]];
      return { input_ids: both("input_ids"), attention_mask: both("attention_mask"), labels: i % 2 };
    }),
    collator: new DataCollatorForMultipleChoice(tokenizer),
  },
};

/** Losses of the steps, and the gradients of the first and the last, which is short. */
async function run(head: Head, args: TrainerOptions["args"]): Promise<{ losses: number[]; gradients: number[][] }> {
  const gradients: number[][] = [];
  const trainer = new Trainer({
    model: head.model(),
    args: {
      disableTqdm: true,
      saveStrategy: "no",
      loggingSteps: 1,
      learningRate: 1e-4,
      numTrainEpochs: 1,
      maxGradNorm: 0,
      ...args,
    },
    trainDataset: Dataset.fromRows([...head.rows]),
    dataCollator: head.collator,
    callbacks: [
      {
        async onPreOptimizerStep({ model }) {
          const all = model.parameters().map(async ({ grad }) => Array.from((await grad?.data()) ?? []));
          gradients.push((await Promise.all(all)).flat());
        },
      },
    ],
  });
  await trainer.train();
  const losses = trainer.state.logHistory.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
  return { losses, gradients };
}

function expectNear(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let worst = 0;
  actual.forEach((value, i) => {
    const difference = Math.abs(value - expected[i]);
    if (!(difference <= worst)) worst = difference;
  });
  expect(worst).toBeLessThanOrEqual(tolerance);
}

describe("3 batches of 4 rows are one of 12", () => {
  it.each(Object.entries(heads))("for %s", async (_name, head) => {
    const whole = await run(head, { perDeviceTrainBatchSize: 12 });
    const parts = await run(head, { perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 3 });
    expect(whole.losses.length).toBe(2);
    expectNear(parts.losses, whole.losses, 1e-6);
    expect(whole.gradients[0].some((value) => Math.abs(value) > 1e-2)).toBe(true);
    for (const i of [0, 1]) expectNear(parts.gradients[i], whole.gradients[i], 1e-6);
  });

  it("with spread labels, too", async () => {
    const head = heads["a label for each token"];
    const args = { labelSmoothingFactor: 0.1 };
    const whole = await run(head, { ...args, perDeviceTrainBatchSize: 12 });
    const parts = await run(head, { ...args, perDeviceTrainBatchSize: 4, gradientAccumulationSteps: 3 });
    const plain = await run(head, { perDeviceTrainBatchSize: 12 });
    expectNear(parts.losses, whole.losses, 1e-6);
    expect(Math.abs(plain.losses[0] - whole.losses[0])).toBeGreaterThan(1e-4);
  });
});

describe("predict", () => {
  it.each(Object.entries(heads))("gives the outputs of all rows for %s", async (name, head) => {
    const trainer = new Trainer({
      model: head.model(),
      args: { disableTqdm: true, saveStrategy: "no", perDeviceEvalBatchSize: 5 },
      dataCollator: head.collator,
    });
    const { predictions, outputs, labelIds, metrics } = await trainer.predict(Dataset.fromRows([...head.rows]));
    expect(predictions.shape[0]).toBe(ROWS);
    expect(labelIds?.shape[0]).toBe(ROWS);
    expect(metrics.test_loss).toBeGreaterThan(0);
    expect(Object.keys(outputs)).toEqual(name === "spans" ? ["start_logits", "end_logits"] : ["logits"]);
    if (name === "a label for each token") {
      const longest = Math.max(...tokens.map(({ input_ids }) => input_ids.length));
      expect(predictions.shape).toEqual([ROWS, longest, 3]);
      expect(labelIds?.shape).toEqual([ROWS, longest]);
      const [first] = tokens;
      expect(Array.from(predictions.data).slice((longest - 1) * 3, longest * 3)).toEqual([-100, -100, -100]);
      expect(first.input_ids.length).toBeLessThan(longest);
    }
  });
});
