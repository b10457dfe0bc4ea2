import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ClassLabel, Dataset, DatasetDict, loadDataset, Value } from "../../src/datasets/index.js";
import { HubError } from "../../src/hub/index.js";
import { ConfigError, DataError, FileFormatError } from "../../src/support/errors.js";
import { folderOf, huggingface, parquet, reviews } from "./files.js";

/** A dataset card with the YAML given. */
function card(yaml: string): string {
  return `---\n${yaml.replace(/^ {6}/gm, "").trim()}\n---\n# A dataset\n---\nnot: yaml of the card\n`;
}

async function refusal(promise: Promise<unknown>): Promise<Error> {
  const error: unknown = await promise.then(
    () => new Error("it was loaded"),
    (reason) => reason,
  );
  return error as Error;
}

describe("a folder with a card", () => {
  const files = {
    "README.md": card(`
      language: [en]
      dataset_info:
      - config_name: small
        features:
        - name: text
          dtype: string
        - name: label
          dtype:
            class_label:
              names:
                '0': bad
                '1': good
        splits:
        - name: train
          num_examples: 5
        - name: test
          num_examples: 2
      configs:
      - config_name: small
        data_files:
        - split: train
          path: small/train-*
        - split: test
          path:
          - small/test.parquet
      - config_name: large
        data_files: large/*.parquet
    `),
    "small/train-00000-of-00002.parquet": reviews(3),
    "small/train-00001-of-00002.parquet": reviews(2, 3),
    "small/test.parquet": reviews(2, 5),
    "large/b.parquet": reviews(3, 3),
    "large/a.parquet": reviews(3),
    "large/notes.txt": "not data",
  };

  it("gives the splits that the card names, files in order, features as declared", async () => {
    const dataset = await loadDataset(await folderOf(files), "small");
    expect(dataset).toBeInstanceOf(DatasetDict);
    expect(dataset.splitNames).toEqual(["train", "test"]);
    expect(dataset.train.column("text")).toEqual(["review 0", "review 1", "review 2", "review 3", "review 4"]);
    expect(dataset.test.slice()).toEqual([
      { text: "review 5", label: 1 },
      { text: "review 6", label: 0 },
    ]);
    expect(dataset.train.features).toEqual({
      text: new Value("string"),
      label: new ClassLabel({ names: ["bad", "good"] }),
    });
  });

  it("makes data_files without splits the split train", async () => {
    const dataset = await loadDataset(await folderOf(files), "large");
    expect(dataset.splitNames).toEqual(["train"]);
    expect(dataset.train.at(0)).toEqual({ text: "review 0", label: 0 });
    expect(dataset.train.length).toBe(6);
  });

  it("gives a single split as a Dataset", async () => {
    const test = await loadDataset(await folderOf(files), "small", { split: "test" });
    expect(test).toBeInstanceOf(Dataset);
    expect(test.length).toBe(2);
  });

  it("refuses a folder of runs, and says what it is", async () => {
    const folder = await folderOf({
      "first/attune_run.json": "{}",
      "first/attune_log.jsonl": "{}",
      "second/a.json": "{}",
    });
    const refused = await refusal(loadDataset(folder));
    expect(refused).toBeInstanceOf(ConfigError);
    expect(refused.message).toContain(`${folder} holds what training has written (first/attune_run.json), not rows`);
  });

  it("leaves runs out that stand in a folder of data", async () => {
    const row = '{"text":"a"}\n';
    const folder = await folderOf({
      "train.jsonl": row,
      "data/test.jsonl": row,
      "runs/first/attune_run.json": "{}",
      "runs/first/attune_log.jsonl": "{}",
      "out/checkpoint-20/trainer_state.json": "{}",
      "out/all_results.json": "{}",
    });
    const splits = await loadDataset(folder);
    expect(splits.numRows).toEqual({ train: 1, test: 1 });
    expect(splits.train.columnNames).toEqual(["text"]);
  });

  it("refuses an unknown configuration or none where there are many, with the ones there are", async () => {
    const folder = await folderOf(files);
    const unknown = await refusal(loadDataset(folder, "smal"));
    expect(unknown).toBeInstanceOf(ConfigError);
    expect(unknown.message).toBe(`${folder} has no configuration "smal": it has small, large; did you mean "small"?`);
    const none = await refusal(loadDataset(folder));
    expect(none).toBeInstanceOf(ConfigError);
    expect(none.message).toContain("2 configurations, name the one to load: small, large");
  });

  it("refuses an unknown split, with the ones there are", async () => {
    const error = await refusal(loadDataset(await folderOf(files), "small", { split: "tset" }));
    expect(error).toBeInstanceOf(DataError);
    expect(error.message).toContain('no split "tset": its splits are train, test; did you mean "test"?');
  });

  it("takes the configuration that is the default", async () => {
    const readme = (mark: string) =>
      card(`
      configs:
      - config_name: a
        data_files: small/test.parquet
      - config_name: ${mark}
        data_files: large/a.parquet`);
    const byName = await loadDataset(await folderOf({ ...files, "README.md": readme("default") }));
    expect(byName.train.length).toBe(3);
    const byMark = await loadDataset(await folderOf({ ...files, "README.md": readme("b\n        default: true") }));
    expect(byMark.train.length).toBe(3);
  });

  it("looks in data_dir, by patterns or by the names of the files", async () => {
    const patterns = card("configs:\n- config_name: a\n  data_dir: large\n  data_files: a.*\n");
    expect((await loadDataset(await folderOf({ ...files, "README.md": patterns }))).train.length).toBe(3);
    const dot = card("configs:\n- config_name: a\n  data_dir: .\n  data_files: ./large/a.*\n");
    expect((await loadDataset(await folderOf({ ...files, "README.md": dot }))).train.length).toBe(3);
    const names = card("configs:\n- config_name: a\n  data_dir: large\n");
    expect((await loadDataset(await folderOf({ ...files, "README.md": names }))).train.length).toBe(6);
  });
});

describe("what disagrees in a folder is said", () => {
  const yaml = (path: string, more = "") =>
    card(`configs:\n- config_name: a\n  data_files:\n  - split: train\n    path: ${path}\n${more}`);

  it("a pattern without files", async () => {
    const error = await refusal(
      loadDataset(await folderOf({ "README.md": yaml("data/train-*"), "train.parquet": reviews(1) })),
    );
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toContain(
      'no file matches "data/train-*", from which README.md makes the split "train" of "a"',
    );
  });

  it("numbered files of which one is missing", async () => {
    const files = { "train-00000-of-00003.parquet": reviews(1), "train-00002-of-00003.parquet": reviews(1) };
    const error = await refusal(loadDataset(await folderOf(files)));
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toContain("train-00001-of-00003.parquet is not");
  });

  it("another number of rows than the card's", async () => {
    const info = "dataset_info:\n  config_name: a\n  splits:\n  - name: train\n    num_examples: 4\n";
    const error = await refusal(
      loadDataset(await folderOf({ "README.md": yaml("train.parquet", info), "train.parquet": reviews(3) })),
    );
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toMatch(/the split "train" has 3 rows, but .*README\.md says 4/);
  });

  it("other columns or types than the card's", async () => {
    const info = (features: string) => `dataset_info:\n  config_name: a\n  features:\n${features}`;
    const text = "  - name: text\n    dtype: string\n";
    const load = async (features: string) =>
      loadDataset(await folderOf({ "README.md": yaml("train.parquet", info(features)), "train.parquet": reviews(3) }));
    expect((await refusal(load(text))).message).toMatch(/has a column "label", which .*README\.md does not name/);
    expect((await refusal(load(`${text}  - name: labels\n    dtype: int64\n`))).message).toMatch(
      /has no column "labels"/,
    );
    expect((await refusal(load(`${text}  - name: label\n    dtype: float32\n`))).message).toContain(
      'column "label" is Value("float32"), but the file holds Value("int64")',
    );
    expect((await refusal(load(`${text}  - name: label\n    dtype: {picture: {}}\n`))).message).toContain(
      "README.md: dataset_info:",
    );
  });

  it("files of one split with different columns or label names", async () => {
    const labelled = (...names: string[]) =>
      parquet(
        [{ name: "label", data: [0n, 1n], type: "INT64" }],
        huggingface({ label: { names, _type: "ClassLabel" } }),
      );
    const folder = await folderOf({
      "a.parquet": labelled("no", "yes"),
      "b.parquet": labelled("yes", "no"),
      "c.parquet": reviews(1),
    });
    const orders = await refusal(loadDataset([join(folder, "a.parquet"), join(folder, "b.parquet")]));
    expect(orders).toBeInstanceOf(FileFormatError);
    expect(orders.message).toMatch(
      /column "label" is ClassLabel\("yes", "no"\) in .*b\.parquet, ClassLabel\("no", "yes"\) in .*a\.parquet/,
    );
    const columns = await refusal(loadDataset([join(folder, "c.parquet"), join(folder, "a.parquet")]));
    expect(columns.message).toMatch(/column "text" is none in .*a\.parquet, Value\("string"\) in .*c\.parquet/);
    const extra = await refusal(loadDataset([join(folder, "a.parquet"), join(folder, "c.parquet")]));
    expect(extra.message).toMatch(
      /the files of a split differ: column "\w+" is .* in .*c\.parquet, .* in .*a\.parquet/,
    );
  });

  it("two orders of label names, in the card and in the file", async () => {
    const names = "{class_label: {names: {'0': 'no', '1': 'yes'}}}";
    const info = `dataset_info:\n  config_name: a\n  features:\n  - name: label\n    dtype: ${names}\n`;
    const metadata = huggingface({ label: { names: ["yes", "no"], _type: "ClassLabel" } });
    const file = parquet([{ name: "label", data: [0n, 1n], type: "INT64" }], metadata);
    const error = await refusal(
      loadDataset(await folderOf({ "README.md": yaml("train.parquet", info), "train.parquet": file })),
    );
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toMatch(
      /README\.md says that column "label" is ClassLabel\("no", "yes"\), but its own metadata that it is ClassLabel\("yes", "no"\)$/,
    );
  });

  it("YAML that cannot be read, or says nothing of use", async () => {
    const broken = await refusal(
      loadDataset(await folderOf({ "README.md": "---\nconfigs: [\n---\n", "train.parquet": reviews(1) })),
    );
    expect(broken).toBeInstanceOf(FileFormatError);
    expect(broken.message).toContain("README.md: the YAML at its beginning cannot be read");
    const shapeless = yaml("{a: 1}");
    const odd = await refusal(loadDataset(await folderOf({ "README.md": shapeless, "train.parquet": reviews(1) })));
    expect(odd.message).toContain('data_files of "a" should be patterns, or one record {split, path} for each split');
  });

  it("a folder without data, and files of unknown kinds", async () => {
    const empty = await refusal(loadDataset(await folderOf({ "notes.md": "" })));
    expect(empty).toBeInstanceOf(FileFormatError);
    expect(empty.message).toContain("holds no data");
    const folder = await folderOf({
      "README.md": card("configs:\n- config_name: a\n  data_files: a.xyz"),
      "a.xyz": "text\nx\n",
    });
    expect((await refusal(loadDataset(folder))).message).toMatch(
      /cannot tell what .*a\.xyz is: names of data files end in/,
    );
  });
});

describe("a folder without a card", () => {
  it("may have a README.md without YAML", async () => {
    const folder = await folderOf({ "README.md": "# Data\n---\nconfigs: x\n---\n", "train.parquet": reviews(2) });
    expect((await loadDataset(folder)).train.length).toBe(2);
  });

  it.each<[string, Record<string, number>, string | undefined, Record<string, number>]>([
    [
      "<config>/<split>-00000-of-0000N",
      {
        "en/train-00000-of-00002": 2,
        "en/train-00001-of-00002": 1,
        "en/test-00000-of-00001": 3,
        "fr/train-00000-of-00001": 4,
      },
      "en",
      { train: 3, test: 3 },
    ],
    [
      "splits of any name",
      { "a/validation_matched-00000-of-00001": 1, "a/train-00000-of-00001": 2 },
      "a",
      { train: 2, validation_matched: 1 },
    ],
    [
      "data/<split>-...",
      { "data/train-00000-of-00001": 2, "data/test-00000-of-00001-a09b74b3": 3 },
      undefined,
      { train: 2, test: 3 },
    ],
    [
      "<config>/<split>/...",
      { "en/train/0000": 2, "en/train/0001": 2, "en/test/0000": 1 },
      "en",
      { train: 4, test: 1 },
    ],
    ["files named for splits", { test: 1, train: 2, dev: 3 }, undefined, { train: 2, validation: 3, test: 1 }],
    ["files of other names", { reviews: 1, more: 2 }, undefined, { train: 3 }],
  ])("is understood by %s", async (_, files, config, splits) => {
    const folder = await folderOf(
      Object.fromEntries(Object.entries(files).map(([path, rows]) => [`${path}.parquet`, reviews(rows)])),
    );
    const dataset = await loadDataset(folder, config);
    expect(dataset.numRows).toEqual(splits);
    expect(dataset.splitNames).toEqual(Object.keys(splits)); // train, validation, test, then the others
  });

  it("refuses to guess the split of a file beside files that name theirs", async () => {
    const folder = await folderOf({ "train.parquet": reviews(1), "extra.parquet": reviews(1) });
    expect((await refusal(loadDataset(folder))).message).toContain(
      "cannot tell the split of extra.parquet beside train.parquet",
    );
  });
});

describe("files", () => {
  it("are the split train, one after another", async () => {
    const folder = await folderOf({ "a.parquet": reviews(2), "b.parquet": reviews(3, 2) });
    const one = await loadDataset(join(folder, "b.parquet"));
    expect(one.numRows).toEqual({ train: 3 });
    const both = await loadDataset([join(folder, "a.parquet"), join(folder, "b.parquet")], undefined, {
      split: "train",
    });
    expect(both.column("text")).toEqual(["review 0", "review 1", "review 2", "review 3", "review 4"]);
  });

  it("have no configurations", async () => {
    const folder = await folderOf({ "a.parquet": reviews(2) });
    const error = await refusal(loadDataset(join(folder, "a.parquet"), "mrpc"));
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain('"mrpc" has no meaning for files');
    expect(await refusal(loadDataset([]))).toBeInstanceOf(ConfigError);
  });
});

describe("what is not there", () => {
  it.each(["glue", "nyu-mll/glue", "user/reviews-2"])("the Hub's %s, where nothing may be asked", async (id) => {
    const error = await refusal(loadDataset(id, "mrpc", { localFilesOnly: true, cacheDir: "/no/such/cache" }));
    expect(error).toBeInstanceOf(HubError);
    expect(error.message).toContain(
      `there is no folder "${id}" here, and the dataset "${id}" at "main" is not in the cache`,
    );
  });

  it.each(["./data", "/no/such/folder", "a/b/c", "reviews.parquet", "../glue"])("the path %s", async (path) => {
    const error = await refusal(loadDataset(path));
    expect(error).toBeInstanceOf(FileFormatError);
    expect(error.message).toBe(`there is no file or folder ${path}`);
  });
});
