// Data of one's own: what is found, what is assumed and said, what is checked, what is refused.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ClassLabel, Dataset, DatasetDict } from "../../src/datasets/index.js";
import { terminal } from "../../src/support/terminal.js";
import {
  checkData,
  describeTask,
  findTask,
  loadOwnData,
  type OwnDataOptions,
  tokenizeSplit,
} from "../../src/tasks/index.js";
import { temporaryFolder, tokenizer } from "../trainer/tiny.js";

const folder = temporaryFolder("own-data");
const said: string[] = [];
vi.spyOn(terminal, "writeLine").mockImplementation((line) => void said.push(line));
afterEach(() => void said.splice(0));

function write(path: string, content: string): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

const load = (path: string, options: Partial<OwnDataOptions> = {}): Promise<DatasetDict> =>
  loadOwnData(path, { seed: 1, ...options });
const csv = (rows: readonly (readonly (string | number)[])[]) => `${rows.map((row) => row.join(",")).join("\n")}\n`;
const days = (count: number) => Array.from({ length: count }, (_, i) => `day ${i}`);

describe("a table", () => {
  it("has its text and labels found, its words made classes, and a part set aside", async () => {
    const path = write(
      "reviews.csv",
      csv([["id", "Review", "sentiment"], ...days(40).map((text, i) => [i, text, i % 2 ? "good" : "bad"])]),
    );
    const raw = await load(path);
    const task = findTask(raw, undefined);
    expect(task).toMatchObject({
      textColumns: ["Review"],
      labelColumn: "sentiment",
      labelNames: ["bad", "good"],
      evaluationSplits: ["validation"],
    });
    expect(describeTask(task)).toBe("text in Review, classes bad, good in sentiment");
    expect(raw.numRows).toEqual({ train: 36, validation: 4 });
    expect(new Set(raw.validation.column("sentiment"))).toEqual(new Set([0, 1])); // both classes have their share
    expect(said.join("\n")).toContain("there is no split to evaluate on: 4 of 40 rows are set aside (seed 1)");
    expect((await load(path)).validation.column("Review")).toEqual(raw.validation.column("Review"));
  });

  it("in JSON Lines, with whole numbers taken as classes or as values", async () => {
    const path = write(
      "stars.jsonl",
      days(30)
        .map((text, i) => JSON.stringify({ text, stars: 1 + (i % 5) }))
        .join("\n"),
    );
    const classes = findTask(await load(path), undefined);
    expect(classes.labelNames).toEqual(["1", "2", "3", "4", "5"]);
    expect(said.join("\n")).toContain(
      "stars holds 5 different whole numbers: taken as classes (--problem regression takes them as values)",
    );
    const values = findTask(await load(path, { problem: "regression" }), undefined);
    expect([values.labelNames, values.metric?.keys]).toEqual([[], ["pearson", "spearmanr"]]);
  });

  it("leaves out rows without text or label, and says so", async () => {
    const path = write(
      "gaps.csv",
      csv([["text", "label"], ...days(12).map((text, i) => [i === 3 ? "" : text, i === 5 ? "" : "ab"[i % 2]])]),
    );
    const raw = await load(path);
    expect(raw.train.length + raw.validation.length).toBe(10);
    expect(said.join("\n")).toContain("train: 2 of 12 rows have no text or no label, and are left out");
  });

  it("of a spreadsheet that writes semicolons or tabs is read, and words that differ in case only are one class", async () => {
    const rows = days(30).map((text, i) => [text, ["bad", "Good", "good ", "Good"][i % 4]]);
    const path = write(
      "semicolons.csv",
      `${[["text", "label"], ...rows].map((row) => row.join(";")).join("\r\n")}\r\n`,
    );
    const raw = await load(path);
    expect(findTask(raw, undefined)).toMatchObject({ textColumns: ["text"], labelNames: ["Good", "bad"] });
    expect(said.join("\n")).toContain('fields are told apart by ";", as its first line has no comma');
    expect(said.join("\n")).toContain('label: "Good", "good " are taken as one class, Good');
    const texts = [...raw.train.column("text"), ...raw.validation.column("text")];
    const labels = [...raw.train.column("label"), ...raw.validation.column("label")];
    texts.forEach((text, i) => {
      expect(labels[i]).toBe(Number(String(text).slice(4)) % 4 === 0 ? 1 : 0);
    });
    const tabs = write(
      "tabs.csv",
      `text\tlabel\n${days(30)
        .map((text, i) => `${text}, then\t${i % 2}`)
        .join("\n")}\n`,
    );
    expect((await load(tabs)).train.at(0).text).toMatch(/^day \d+, then$/);
    const told = write(
      "bars.csv",
      `text|label\n${days(30)
        .map((text, i) => `${text}|${i % 2}`)
        .join("\n")}\n`,
    );
    expect((await load(told, { files: { delimiter: "|" } })).numRows).toEqual({ train: 27, validation: 3 });
  });

  it("does not evaluate on texts that it trains on", async () => {
    const path = write(
      "repeated.csv",
      csv([["text", "label"], ...Array.from({ length: 60 }, (_, i) => [`day ${i % 20}`, "ab"[i % 2]])]),
    );
    const raw = await load(path);
    const trained = new Set(raw.train.column("text"));
    expect(raw.validation.column("text").filter((text) => trained.has(text))).toEqual([]);
    expect(raw.numRows).toEqual({ train: 54, validation: 6 }); // 2 of 20 texts, each of them three times
  });

  it("for a model that is there already has its classes, whatever the data has of them, and keeps its rows together", async () => {
    const path = write("more.csv", csv([["text", "label"], ...days(12).map((text) => [text, "Good"])]));
    const raw = await load(path, { classes: ["good", "bad"], seed: undefined });
    expect(raw.numRows).toEqual({ train: 12 });
    expect(raw.train.features.label).toEqual(new ClassLabel({ names: ["good", "bad"] }));
    expect(new Set(raw.train.column("label"))).toEqual(new Set([0]));
    await expect(load(path, { classes: ["yes", "no"], seed: undefined })).rejects.toThrow(
      'train: the label of row 0 is "Good", and the model\'s classes are yes, no',
    );
  });
});

describe("a folder with a folder for each label", () => {
  it("is read, with or without splits", async () => {
    for (const label of ["neg", "pos"]) {
      for (let i = 0; i < 6; i++) {
        write(`labels/${label}/${i}.txt`, `${label} ${i}\n`);
        write(`splits/train/${label}/${i}.txt`, `${label} ${i}`);
        if (i < 2) write(`splits/test/${label}/${i}.txt`, `${label} test ${i}`);
      }
    }
    const raw = await load(join(folder, "labels"));
    expect(raw.train.features.label).toEqual(new ClassLabel({ names: ["neg", "pos"] }));
    expect(raw.train.length + raw.validation.length).toBe(12);
    for (const row of raw.train) expect(String(row.text).startsWith(["neg", "pos"][row.label as number])).toBe(true);
    const split = await load(join(folder, "splits"));
    expect(split.numRows).toEqual({ test: 4, train: 12 });
    expect(findTask(split, undefined).evaluationSplits).toEqual(["test"]);
  });
});

describe("what cannot be told is asked for", () => {
  const table = (name: string, head: string[], row: (i: number) => (string | number)[], count = 30) =>
    write(name, csv([head, ...Array.from({ length: count }, (_, i) => row(i))]));

  it.each([
    [
      "no labels",
      ["text", "x"],
      (i: number) => [`a ${i}`, i],
      {},
      /no column is called label; say with --label-column which of text, x/,
    ],
    [
      "two texts",
      ["title", "summary", "label"],
      (i: number) => [`a ${i}`, `b ${i}`, i % 2],
      {},
      /several columns hold text: title, summary/,
    ],
    [
      "many whole numbers",
      ["text", "label"],
      (i: number) => [`a ${i}`, i],
      {},
      /holds 30 different whole numbers: say with --problem/,
    ],
    [
      "fractions as classes",
      ["text", "label"],
      (i: number) => [`a ${i}`, i / 7],
      { problem: "classification" as const },
      /have fractions/,
    ],
    [
      "words as values",
      ["text", "label"],
      (i: number) => [`a ${i}`, "ab"[i % 2]],
      { problem: "regression" as const },
      /are no numbers/,
    ],
    [
      "a column that is not there",
      ["text", "label"],
      (i: number) => [`a ${i}`, i % 2],
      { textColumn: "body" },
      /--text-column body: the dataset has no such column/,
    ],
    [
      "one column for both",
      ["text", "label"],
      (i: number) => [`a ${i}`, "ab"[i % 2]],
      { textColumn: "label" },
      /that is the column of labels, too/,
    ],
    [
      "a column with a slip",
      ["review", "label"],
      (i: number) => [`a ${i}`, i % 2],
      { textColumn: "reviw" },
      /--text-column reviw: the dataset has no such column \(did you mean review\?\); its columns are review, label/,
    ],
    [
      "one class",
      ["text", "label"],
      (i: number) => [`a ${i}`, "good"],
      {},
      /all 30 rows have the label good in label: a classifier needs rows of two classes at least/,
    ],
  ])("%s", async (name, head, row, options, message) => {
    await expect(load(table(`${name}.csv`, head, row), options)).rejects.toThrow(message);
  });

  it("one row, or none that is whole", async () => {
    await expect(load(table("one.csv", ["text", "label"], () => ["a", "x"], 1))).rejects.toThrow(/one row only/);
    await expect(load(table("same.csv", ["text", "label"], (i) => ["a", "xy"[i % 2]], 8))).rejects.toThrow(
      /all 8 rows have one text/,
    );
    await expect(load(table("none.csv", ["text", "label"], (i) => [`t ${i}`, ""]))).rejects.toThrow(/label/);
    await expect(load(write("head.csv", "text,label\n"))).rejects.toThrow(/has no rows: its columns are text, label/);
    await expect(load(write("empty.csv", ""))).rejects.toThrow(/is empty/);
    await expect(load(join(folder, "nowhere.csv"))).rejects.toThrow(/nowhere\.csv$/);
    await expect(load(join(folder, "semicolon.csv"))).rejects.toThrow(/did you mean .*semicolons\.csv\?/);
  });
});

describe("checks", () => {
  const make = (texts: string[], label: number[]) =>
    Dataset.fromColumns(
      { text: texts, label },
      { features: { label: new ClassLabel({ names: ["bad", "fine", "odd"] }) } },
    ) as unknown as Dataset;
  const task = {
    textColumns: ["text"],
    labelColumn: "label",
    labelNames: ["bad", "fine", "odd"],
    metric: undefined,
    evaluationSplits: [],
  } as const;

  it("name duplicates, texts on both sides, and classes that are rare, dominant or missing", () => {
    const train = make([...days(90), "day 0", "day 1", "x"], [...Array(88).fill(0), 1, 1, 0, 1, 2]);
    const findings = checkData(train, make(["day 5", "new", "day 7"], [0, 1, 0]), task);
    expect(findings).toEqual([
      "train: 2 of 93 rows repeat the text of an earlier one, 1 of them with another label",
      "2 of the 3 rows evaluated on have a text that is trained on, too: their score says less than it seems",
      "train: few rows of fine (3), odd (1)",
      "train: the classes are out of balance: bad 89, fine 3, odd 1",
      "no row evaluated on is of odd",
    ]);
    const many = Array.from({ length: 30 }, (_, i) => `class ${i}`);
    const scattered = Dataset.fromColumns(
      { text: days(30), label: [...many.keys()] },
      { features: { label: new ClassLabel({ names: many }) } },
    ) as unknown as Dataset;
    expect(checkData(scattered, undefined, { ...task, labelNames: many })).toEqual([
      "train: 30 of the 30 classes have few rows, class 0, class 1, class 2 among them. Are the labels in label?",
    ]);
    const fair = make(
      days(90),
      Array.from({ length: 90 }, (_, i) => i % 3),
    );
    expect(checkData(fair, make(["a", "b", "c"], [0, 1, 2]), task)).toEqual([]);
  });

  it("count what is cut off", async () => {
    const dataset = make(["good day", "the good day was very long", "a bad day the night"], [0, 1, 0]);
    const tokenized = await tokenizeSplit(new DatasetDict({ train: dataset }), "train", task, tokenizer, 6);
    expect(tokenized.columnNames).toContain("labels");
    expect(said.filter((line) => /cut|longer|tokens and/.test(line))).toEqual([
      "attune: train: 2 of 3 rows are longer than the 6 tokens that are read (the longest has 8); 3 tokens were cut off",
    ]);
  });
});
