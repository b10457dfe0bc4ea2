// TensorBoard's event files: read by a decoder that TensorBoard's own writer is the measure of. That TensorBoard itself
// reads ours is checked by bench/tensorboard.ts.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { accuracy } from "../../src/metrics/index.js";
import { TensorBoardCallback, Trainer, TrainingArguments } from "../../src/trainer/index.js";
import { EventFile } from "../../src/trainer/tensorboard/event-file.js";
import { histogramOf } from "../../src/trainer/tensorboard/histogram.js";
import { crc32c, readEvents } from "./event-records.js";
import { temporaryFolder, tinyModel, tokenized, tokenizer } from "./tiny.js";

const folder = temporaryFolder("board");

function filesOf(place: string): string[] {
  return readdirSync(place, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.includes("events.out.tfevents"),
  );
}

describe("the decoder", () => {
  it("reads what TensorBoard's own writer wrote", () => {
    const { file } = JSON.parse(readFileSync(new URL("events.json", import.meta.url), "utf8")) as { file: string };
    const { version, times, values } = readEvents(Buffer.from(file, "base64"));
    expect(version).toBe("brain.Event:2");
    expect(times.slice(1)).toEqual([1700000000.5, 1700000001.5, 1700000002.5]);
    expect(values).toEqual([
      { tag: "args/text_summary", step: 0, text: '{\n  "größe": 1\n}', plugin: "text" },
      { tag: "train/loss", step: 300, scalar: 0.6875 },
      {
        tag: "weights/a",
        step: 5_000_000_000,
        histogram: {
          min: -1.5,
          max: 2,
          num: 4,
          sum: 0.5,
          sumSquares: 7.25,
          limits: [-1, 0, 1, 2],
          buckets: [1, 0, 2, 1],
        },
      },
    ]);
  });

  it("knows the checksum's published check value, and finds a flipped bit", () => {
    expect(crc32c(Buffer.from("123456789"))).toBe(0xe3069283); // RFC 3720, B.4 and the catalogues of checksums
    const file = EventFile.in(join(folder, "flipped"));
    file.addScalar("a", 1, 1);
    file.close();
    const bytes = readFileSync(file.path);
    bytes[bytes.length - 6] ^= 1;
    expect(() => readEvents(bytes)).toThrow("checksum");
  });
});

describe("event files", () => {
  it("hold scalars, text and histograms", () => {
    const file = EventFile.in(join(folder, "direct"));
    file.addText("args", "wörds", 0);
    file.addScalar("train/loss", 0.6875, 300);
    file.addScalar("train/far", Number.NaN, 5_000_000_000);
    const values = [-1.5, 1e-13, 0, 0, 3, Number.NaN, Infinity];
    const histogram = histogramOf(values);
    if (!histogram) return expect.fail("no histogram");
    file.addHistogram("weights/a", histogram, 7);
    file.close();
    const { version, values: read } = readEvents(readFileSync(file.path));
    expect(version).toBe("brain.Event:2");
    expect(read.slice(0, 3)).toEqual([
      { tag: "args/text_summary", step: 0, text: "wörds", plugin: "text" },
      { tag: "train/loss", step: 300, scalar: 0.6875 },
      { tag: "train/far", step: 5_000_000_000, scalar: Number.NaN },
    ]);
    const found = read[3].histogram;
    expect(found).toMatchObject({ min: -1.5, max: 3, num: 5, sumSquares: 11.25 });
    expect(found?.sum).toBeCloseTo(1.5, 9);
    expect(found?.buckets.reduce((sum, count) => sum + count)).toBe(5);
  });

  it("count each value into the bucket that it lies in", () => {
    const values = Array.from({ length: 2000 }, (_, i) => Math.sin(i * i) * 10 ** ((i % 9) - 6));
    const histogram = histogramOf(values);
    if (!histogram) return expect.fail("no histogram");
    const { limits, counts } = histogram;
    expect(limits).toEqual(limits.toSorted((a, b) => a - b));
    const expected = limits.map(
      (limit, i) => values.filter((value) => value <= limit && (i === 0 || value > limits[i - 1])).length,
    );
    expect(counts).toEqual(expected);
    expect(counts.reduce((sum, count) => sum + count)).toBe(2000);
    expect(histogramOf([Number.NaN])).toBeUndefined();
  });
});

describe("a run", () => {
  const options = () => ({
    model: tinyModel(),
    trainDataset: tokenized(24),
    evalDataset: tokenized(8),
    processingClass: tokenizer,
    computeMetrics: accuracy(),
  });

  it("is in an event file: its log under Python's tags, its arguments, and histograms where they are asked for", async () => {
    const outputDir = join(folder, "run");
    const args = {
      outputDir,
      disableTqdm: true,
      reportTo: "tensorboard",
      saveStrategy: "no",
      histogramSteps: 4,
    } as const;
    const trainer = new Trainer({
      ...options(),
      args: { ...args, evalStrategy: "steps", evalSteps: 3, maxSteps: 9, loggingSteps: 2, perDeviceTrainBatchSize: 4 },
    });
    await trainer.train();
    const [path, ...others] = filesOf(join(outputDir, "runs"));
    expect(others).toEqual([]);
    expect(path).toMatch(/^\w{3}\d\d_\d\d-\d\d-\d\d_[^/\\]+[/\\]events\.out\.tfevents\.\d{10}\./);
    const { values } = readEvents(readFileSync(join(outputDir, "runs", path)));
    const scalars = values.filter(({ scalar }) => scalar !== undefined);
    const tagOf = (key: string) => (key.startsWith("eval_") ? key.replace("eval_", "eval/") : `train/${key}`);
    const expected = trainer.state.logHistory.flatMap(({ step, epoch: _, ...row }) =>
      Object.entries(row).map(([key, value]) => ({ tag: tagOf(key), step, scalar: Math.fround(value) })),
    );
    expect(scalars).toEqual(expected);
    const text = (tag: string) => values.find((value) => value.tag === `${tag}/text_summary`)?.text ?? "";
    expect(JSON.parse(text("args"))).toEqual(trainer.args.toJSON());
    expect(JSON.parse(text("model_config")).model_type).toBe("bert");
    const histograms = values.filter(({ histogram }) => histogram);
    const parameters = new Map(trainer.model.namedParameters());
    expect(new Set(histograms.map(({ step }) => step))).toEqual(new Set([4, 8]));
    expect(histograms).toHaveLength(2 * 2 * parameters.size);
    for (const { tag, histogram } of histograms) {
      const [, name] = /^(?:weights|gradients)\/(.*)$/.exec(tag) ?? [];
      expect(histogram?.num, tag).toBe(parameters.get(name.replaceAll("/", "."))?.size);
    }
  });

  it("goes where TENSORBOARD_LOGGING_DIR or the callback says", async () => {
    const args = { outputDir: join(folder, "unused"), disableTqdm: true, saveStrategy: "no", maxSteps: 1 } as const;
    await new Trainer({
      ...options(),
      args,
      callbacks: [new TensorBoardCallback({ logDir: join(folder, "told") })],
    }).train();
    expect(filesOf(join(folder, "told"))).toHaveLength(1);
    process.env.TENSORBOARD_LOGGING_DIR = join(folder, "by-variable");
    try {
      await new Trainer({ ...options(), args, callbacks: [TensorBoardCallback] }).train();
    } finally {
      delete process.env.TENSORBOARD_LOGGING_DIR;
    }
    expect(filesOf(join(folder, "by-variable"))).toHaveLength(1);
  });

  it("refuses what would write no histogram", () => {
    expect(() => new TrainingArguments({ histogramSteps: 5 })).toThrow('set reportTo to "tensorboard", too');
    expect(() => new TensorBoardCallback({ histogramSteps: 0 })).toThrow("whole number of at least 1, not 0");
  });
});
