// Rows that the compiler knows by a dataset's name: GLUE's, and those that a declaration adds.
import { spawnSync } from "node:child_process";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, expectTypeOf, it } from "vitest";
import { declarationOf, rowName } from "../../src/datasets/declaration.js";
import {
  ClassLabel,
  type Dataset,
  type DatasetDict,
  type GlueRow,
  type IterableDatasetDict,
  type Label,
  List,
  type loadDataset,
  Value,
} from "../../src/datasets/index.js";
import { projectRoot } from "../cli/run.js";
import { folderOf } from "./files.js";

interface ReviewsRow {
  text: string;
  label: Label<"bad" | "good">;
}

declare module "../../src/datasets/index.js" {
  interface KnownDatasets {
    "user/reviews#default": ReviewsRow;
  }
}

describe("known datasets", () => {
  it("have their rows by name and configuration, whichever way they are loaded", () => {
    const load = (() => undefined) as unknown as typeof loadDataset; // types are all that is asked
    expectTypeOf(load("glue", "mrpc")).resolves.toEqualTypeOf<DatasetDict<GlueRow<"mrpc">>>();
    expectTypeOf(load("nyu-mll/glue", "sst2", { split: "train" })).resolves.toEqualTypeOf<Dataset<GlueRow<"sst2">>>();
    expectTypeOf(load("user/reviews", "default")).resolves.toEqualTypeOf<DatasetDict<ReviewsRow>>();
    expectTypeOf(load("user/reviews", "default", { streaming: true })).resolves.toEqualTypeOf<
      IterableDatasetDict<ReviewsRow>
    >();
    expectTypeOf(load("user/others", "default")).resolves.toEqualTypeOf<DatasetDict>();
    expectTypeOf(load<ReviewsRow>("reviews.csv", { split: "train" })).resolves.toEqualTypeOf<Dataset<ReviewsRow>>();
    expect.assertions(0);
  });
});

const features = {
  text: new Value("string"),
  label: new ClassLabel({ names: ["bad", 'so "so"'] }),
  "odd name": new List(new Value("float32")),
  labels: new List(new ClassLabel({ names: ["a", "b"] })),
  answers: { start: new List(new Value("int32")), when: new Value("timestamp[ms]"), raw: new Value("binary") },
  ok: new Value("bool"),
  nothing: new Value("null"),
};

describe("a declaration", () => {
  it("spells every kind of column", () => {
    const text = declarationOf({ path: "user/reviews", config: "small", features, nullable: new Set(["text"]) });
    expect(text).toBe(`// The rows of user/reviews, as \`attune types user/reviews --config small\` found them.
// With this file in the program, loadDataset("user/reviews", "small") gives them.
import type { Label } from "attune/datasets";

/** A row of user/reviews, configuration small. */
export interface ReviewsSmallRow {
  text: string | null;
  label: Label<"bad" | "so \\"so\\"">;
  "odd name": number[];
  labels: Label<"a" | "b">[];
  answers: {
    start: number[];
    when: Date;
    raw: Uint8Array;
  };
  ok: boolean;
  nothing: null;
}

declare module "attune/datasets" {
  interface KnownDatasets {
    "user/reviews#small": ReviewsSmallRow;
  }
}
`);
  });

  it.each([
    ["user/my-reviews_2", undefined, "MyReviews2Row"],
    ["/data/20-news/", undefined, "Dataset20NewsRow"],
    ["data/reviews.csv.gz", undefined, "ReviewsRow"],
    ["nyu-mll/glue", "mrpc", "GlueMrpcRow"],
    ["données", undefined, "DonnEsRow"],
  ])("names the row of %s", (path, config, name) => {
    expect(rowName(path, config)).toBe(name);
  });
});

describe("attune types", () => {
  /** A script of the built package, run in a folder. */
  const run = (cwd: string, script: string, ...args: string[]) =>
    spawnSync(process.execPath, [join(projectRoot, script), ...args], { cwd, encoding: "utf8" });
  const attune = (cwd: string, ...args: string[]) => run(cwd, "dist/cli/main.js", "types", ...args);

  it("writes a file that makes loadDataset know the rows, as the compiler agrees", { timeout: 240_000 }, async () => {
    const folder = await folderOf({
      "reviews/README.md":
        "---\ndataset_info:\n  config_name: default\n  features: [{name: text, dtype: string}, {name: label, dtype: " +
        "{class_label: {names: {'0': bad, '1': good}}}}]\nconfigs: [{config_name: default, data_files: a.csv}]\n---\n",
      "reviews/a.csv": "text,label\nx,good\n,bad\n",
      "tsconfig.json": JSON.stringify({
        compilerOptions: {
          module: "NodeNext",
          target: "ES2023",
          strict: true,
          noEmit: true,
          skipLibCheck: true,
          types: [],
        },
        files: ["use.ts", "reviews-default.d.ts"],
      }),
      "package.json": '{"type":"module"}',
      "use.ts": `import { loadDataset } from "attune/datasets";
const reviews = await loadDataset("reviews", "default");
const text: string | null = reviews.train.at(0).text;
const name: "bad" | "good" = reviews.train.features.label.int2str(1);
// @ts-expect-error there is no such column
reviews.train.at(0).texts;
console.log(text, name);
`,
    });
    await mkdir(join(folder, "node_modules"));
    await symlink(projectRoot, join(folder, "node_modules", "attune"));
    const cli = attune(folder, "reviews", "--config", "default");
    expect(cli.status, cli.stderr).toBe(0);
    expect(cli.stderr).toContain("wrote ReviewsDefaultRow to reviews-default.d.ts");
    const tsc = run(folder, "node_modules/typescript/bin/tsc", "-p", ".");
    expect(tsc.status, tsc.stdout + tsc.stderr).toBe(0);

    await writeFile(join(folder, "b.csv"), "n\n1\n\n");
    const printed = attune(folder, "b.csv", "--output", "-");
    expect(printed.stdout).toContain("export interface BRow {\n  n: number;\n}\n");
    const missing = attune(folder, "none.csv");
    expect(missing.status).toBe(1);
    expect(missing.stderr).toContain("there is no file or folder");
  });
});
