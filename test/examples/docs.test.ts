// The pages that lead from Python's data stack to Attune's: the compiler reads their programs and every cell of their
// tables, and what can run here runs.
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { program, projectRoot } from "../cli/run.js";
import { describeShared, sharedPath } from "../shared.js";
import { temporaryFolder } from "../trainer/tiny.js";

/** What stands behind the names that a page uses and does not make. */
interface Setting {
  /** Imports and declarations. */
  readonly names: string;
  /** Where an object of options stands, `$`, by the page's headings. */
  readonly options?: Readonly<Record<string, string>>;
  /** Names that are something else under a heading. */
  readonly under?: Readonly<Record<string, string>>;
}

const ROWS = `declare const anything: never;
declare const [folder, path, name]: string[];
declare const fn: (...given: any[]) => any;`;

const PAGES: Readonly<Record<string, Setting>> = {
  "datasets.md": {
    names: `${ROWS}
import { AutoModelForSequenceClassification, pipeline, type PreTrainedTokenizer } from "attune";
import {
  Array2D, Audio, ClassLabel, concatenateDatasets, Dataset, DatasetDict, Image, interleaveDatasets, IterableDataset, Json,
  type Label, type StructFeature,  LargeList, List, loadDataset, loadFromDisk, Translation, TranslationVariableLanguages, Value, Video,
} from "attune/datasets";
interface Row { text: string; label: Label<"neg" | "pos">; a: number; b: number }
declare const ds: Dataset<Row>;
declare const [a, b]: Dataset<Row>[];
declare const dd: DatasetDict<Row>;
declare const dataset: Dataset<Row>;
declare const state: ReturnType<IterableDataset<Row>["stateDict"]>;
declare const values: number[];
declare const features: typeof dataset.features;
declare const label2id: Record<string, number>;
declare const [cacheDir, revision, token, checkpoint]: string[];
declare const tokenizer: PreTrainedTokenizer;`,
    options: {
      Features: "const struct: StructFeature = $",
      Out: "ds.toJson(path, $)",
    },
    under: { Streaming: "ds: IterableDataset<Row>" },
  },
  "tokenizers.md": {
    names: `${ROWS}
import { AutoModel, AutoTokenizer, createBertTokenizer, createRobertaTokenizer, trainBpe, trainWordPiece } from "attune";
import { Dataset } from "attune/datasets";
const tokenizer = await AutoTokenizer.fromPretrained(name);
const encoding = tokenizer(["a"], ["b"]);
declare const texts: string[];
declare const [text, summaries]: string[];
declare const span: [number, number];
declare const ids: number[];
declare const rows: { input_ids: number[] }[];
declare const vocabSize: number;
const dataset = Dataset.fromColumns({ text: ["One text.", "Another one."] });
const model = await AutoModel.fromPretrained(name);`,
    options: { "From Python": "tokenizer(text, $)" },
  },
  "batches.md": {
    names: `${ROWS}
import {
  AutoTokenizer, type BatchSampler, DataCollatorForLanguageModeling, DataCollatorForMultipleChoice,
  DataCollatorForTokenClassification, DataCollatorWithFlattening, DataCollatorWithPadding, DataLoader, defaultCollate,
  DefaultDataCollator, type Sampler,
} from "attune";
import { Dataset } from "attune/datasets";
const tokenizer = await AutoTokenizer.fromPretrained(name);
const collator = new DataCollatorWithPadding(tokenizer);
declare const ds: Dataset<{ input_ids: Int32Array }>;
declare const rows: { input_ids: Int32Array }[];
declare const loader: DataLoader<{ input_ids: Int32Array }>;
declare const state: ReturnType<typeof loader.stateDict>;
declare const sampler: Sampler;
declare const batchSampler: BatchSampler;`,
    options: { DataLoader: "new DataLoader(ds, $)" },
  },
};

const pageOf = (name: string): string => readFileSync(join(projectRoot, "docs", name), "utf8");

function programsOf(page: string): string[] {
  return Array.from(page.matchAll(/^```ts\n(.*?)^```$/gms), ([, code]) => code);
}

/** Lines that a page says do not compile are held to it. */
function refusals(code: string): string {
  return code.replaceAll(/^(.*\/\/ does not compile.*)$/gm, "// @ts-expect-error\n$1");
}

/** What the program of a page begins with, where the page does not say it. */
const BEFORE: Readonly<Record<string, string>> = {
  "batches.md": "",
  "tokenizers.md": `import { AutoModel } from "attune";
import { Dataset } from "attune/datasets";
const dataset = Dataset.fromColumns({ text: ["One text.", "Another one."] });
const model = await AutoModel.fromPretrained("bert-base-uncased");
`,
};

/** A page's blocks as one program. */
function programOf(name: string): string {
  return BEFORE[name] + programsOf(pageOf(name)).join("\n");
}

/** The code in the last column of a page's tables, with its line and the heading above it. */
function cellsOf(page: string): { line: number; heading: string; code: string }[] {
  let heading = "";
  return page.split("\n").flatMap((text, i) => {
    heading = /^## (.*)/.exec(text)?.[1] ?? heading;
    const last = /^\|.*\|(.*)\|$/.exec(text)?.[1] ?? "";
    const codes = Array.from(last.matchAll(/`([^`]+)`/g), ([, code]) => code);
    const isProgram = (code: string) => /[({.]/.test(code); // not a name, nor a command of a terminal
    return codes.filter(isProgram).map((code) => ({ line: i + 1, heading, code }));
  });
}

/** Three dots stand for whatever fits. */
function withoutDots(code: string): string {
  return code
    .replaceAll("loadDataset(..., ", 'loadDataset("glue", "mrpc", ')
    .replaceAll(/\{\s*\.\.\.,/g, "{")
    .replaceAll(/\{\.\.\.\}|\[\.\.\.\]/g, "anything")
    .replaceAll(/(=>|:) \.\.\./g, "$1 anything");
}

/** One function for each cell, so that none knows another's names. */
function tableProgram({ names, options, under }: Setting, page: string): string {
  const functions = cellsOf(page).map(({ line, heading, code }, i) => {
    let statement = withoutDots(code);
    if (statement.startsWith("{")) statement = (options?.[heading] ?? "").replace("$", () => statement);
    if (statement.startsWith("for ")) statement += " {}";
    return `async function line${line}_${i}(${under?.[heading] ?? ""}) {\n${statement};\n}`;
  });
  return `${names}\n${functions.join("\n")}\n`;
}

describe("the docs", () => {
  const folder = temporaryFolder("docs");
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(projectRoot, join(folder, "node_modules/attune"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');

  /** What the compiler says of files in the folder, line by line. */
  const compile = (files: readonly string[]): string[] => {
    const options = { module: "NodeNext", target: "ES2023", strict: true, noEmit: true, skipLibCheck: true };
    const types = { types: ["node"], typeRoots: [join(projectRoot, "node_modules/@types")] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...options, ...types }, files }));
    const tsc = join(projectRoot, "node_modules/typescript/bin/tsc");
    const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, "-p", "."], { cwd: folder, encoding: "utf8" });
    return status === 0 ? [] : (stdout + stderr).trim().split("\n");
  };

  it("say nothing that the compiler does not take", { timeout: 240_000 }, () => {
    const files = Object.entries(PAGES).flatMap(([name, setting]) => {
      const page = pageOf(name);
      const table = `${name}.table.ts`;
      writeFileSync(join(folder, table), tableProgram(setting, page));
      expect(cellsOf(page).length, name).toBeGreaterThan(15);
      return [table];
    });
    const labels = refusals(programsOf(pageOf("datasets.md"))[1]);
    writeFileSync(join(folder, "labels.ts"), `${PAGES["datasets.md"].names}\n${labels}`);
    const programs = Object.keys(BEFORE).map((name) => `${name}.program.ts`);
    for (const name of Object.keys(BEFORE)) writeFileSync(join(folder, `${name}.program.ts`), programOf(name));
    expect(compile([...files, ...programs, "labels.ts"])).toEqual([]);
  });

  it("have programs that the compiler takes, but for names that a page leaves to its reader", {
    timeout: 240_000,
  }, () => {
    const pages = [...readdirSync(join(projectRoot, "docs")).map((name) => join("docs", name)), "README.md"];
    const files = pages
      .filter((name) => name.endsWith(".md"))
      .flatMap((name) =>
        programsOf(readFileSync(join(projectRoot, name), "utf8")).map((code, i) => {
          const file = `${basename(name)}.${i}.ts`;
          writeFileSync(join(folder, file), `${code}\nexport {};\n`);
          return file;
        }),
      );
    expect(files.length).toBeGreaterThan(15);
    const unknownName = /error TS(2304|2552|18004|7006|7031)/; // and parameters whose type follows from such a name
    expect(compile(files).filter((line) => / error TS/.test(line) && !unknownName.test(line))).toEqual([]);
  });

  describeShared("programs", () => {
    const run = async (name: string, rest = ""): Promise<string> => {
      const path = join(folder, `${name}.run.ts`);
      const text = (programOf(name) + rest)
        .replaceAll(
          '"bert-base-uncased"',
          JSON.stringify(sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2")),
        )
        .replaceAll('"glue"', JSON.stringify(sharedPath("hub/datasets/nyu-mll/glue")));
      writeFileSync(path, text);
      const { status, stdout, stderr } = await program([path]);
      expect(status, stderr).toBe(0);
      return stdout;
    };

    it("of batches.md print what they say", async () => {
      const page = pageOf("batches.md");
      const stdout = await run("batches.md");
      const said = Array.from(page.matchAll(/^ *console\.log.*?\/\/ ([\d[\], ]+)/gm), ([, values]) => values.trim());
      const spaced = (line: string) =>
        line
          .replaceAll(/([[\]])/g, " $1 ")
          .replaceAll(/\s+/g, " ")
          .trim();
      expect(said.length).toBe(4);
      for (const line of said) expect(stdout.split("\n").map(spaced)).toContain(spaced(line));
    });

    it("of tokenizers.md run", async () => {
      const stdout = await run("tokenizers.md", "console.log(tokenizer('Hello, world!').input_ids.join());");
      expect(stdout.trim()).toBe("101,7592,1010,2088,999,102"); // bert-base-uncased's ids of [CLS] hello , world ! [SEP]
    });
  });
});
