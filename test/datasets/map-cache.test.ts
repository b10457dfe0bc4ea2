// Cached results of map and filter: what is reused, what is not and what the log says; other processes, kills, damage, a
// full disk; and map on worker threads.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { cacheDirectory } from "../../src/datasets/cache/directory.js";
import { cacheSettled, listCache, pruneCache } from "../../src/datasets/cache/entries.js";
import { Dataset, loadDataset, loadFromDisk } from "../../src/datasets/index.js";
import { terminal } from "../../src/support/terminal.js";
import { folderOf } from "./files.js";

const dist = fileURLToPath(new URL("../../dist/datasets/index.js", import.meta.url));
const run = promisify(execFile);

let lines: string[] = [];
let cache = "";

beforeEach(async () => {
  cache = join(await folderOf({}), "datasets");
  vi.stubEnv("HF_DATASETS_CACHE", cache);
  lines = [];
  vi.spyOn(terminal, "writeLine").mockImplementation((line) => void lines.push(line));
  return async () => {
    await cacheSettled();
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  };
});

interface Row {
  text: string;
  n: number;
}

/** A dataset of files: rows in memory are not cached. */
async function saved(rows = 30): Promise<Dataset<Row>> {
  const folder = join(await folderOf({}), "saved");
  const dataset = Dataset.fromRows(Array.from({ length: rows }, (_, i) => ({ text: `row ${i}`, n: i })));
  await dataset.saveToDisk(folder);
  return loadFromDisk<Row>(folder) as Dataset<Row>;
}

const last = () => lines.at(-1);

describe("map", () => {
  it("reuses a result while function, inputs and rows are the same, and says what changed where they are not", async () => {
    const dataset = await saved();
    let calls = 0;
    const counted = (suffix: string) => ({
      suffix,
      count: Object.assign(() => calls++, { [Symbol.for("attune.fingerprint")]: () => "" }),
    });
    const shout = ({ text }: Row, { suffix, count }: ReturnType<typeof counted>) => {
      count();
      return { loud: text.toUpperCase() + suffix };
    };
    const first = await dataset.map(shout, { with: counted("!") });
    expect(last()).toBe("attune: map: no cached result");
    expect(first.at(3)).toEqual({ text: "row 3", n: 3, loud: "ROW 3!" });
    expect(calls).toBe(30);

    const again = await dataset.map(shout, { with: counted("!") });
    expect(last()).toBe("attune: map: reused the cached result for 30 rows (same function, inputs and rows)");
    expect(calls).toBe(30);
    expect(again.columns()).toEqual(first.columns());
    expect(again.features).toEqual(first.features);
    expect(first.at(29).loud).toBe("ROW 29!"); // what was opened before it was published stays readable

    const changes: [string, () => Promise<unknown>][] = [
      ["the input suffix", () => dataset.map(shout, { with: counted("?") })],
      [
        "the function",
        () =>
          dataset.map(
            ({ text }: Row, { suffix, count }: ReturnType<typeof counted>) => {
              count();
              return { loud: text + suffix };
            },
            { with: counted("!") },
          ),
      ],
      ["the rows", () => dataset.select([1, 0]).map(shout, { with: counted("!") })],
      // of the rows only what the function reads counts, and of the other columns their types
      ["the options", () => dataset.renameColumn("n", "m").map(shout as never, { with: counted("!") })],
      ["the options", () => dataset.map(shout, { with: counted("!"), features: {} })],
    ];
    for (const [changed, change] of changes) {
      await change();
      expect(last()).toBe(`attune: map: no cached result; against the nearest one, ${changed} changed`);
    }
    expect(calls).toBe(30 * 5 + 2);
    await dataset.map(shout, { with: counted("!"), cache: false });
    expect(calls).toBe(30 * 6 + 2);
  });

  it("goes on from a cached result: steps behind it are reused too, kept columns are not stored again", async () => {
    const dataset = await saved();
    const twice = async () => {
      const one = await dataset.map(({ n }) => ({ a: n + 1 }));
      return (await one.shuffle({ seed: 1 }).filter(({ a }) => a % 2 === 0)).map(({ a }) => ({ b: a * 2 }), {
        removeColumns: "text",
      });
    };
    const first = await twice();
    await cacheSettled();
    lines = [];
    const second = await twice();
    expect(lines.filter((line) => line.includes("reused"))).toHaveLength(3);
    expect(second.columns()).toEqual(first.columns());
    expect(second.columnNames).toEqual(["n", "a", "b"]);
    expect((await listCache()).map(({ columns }) => columns).sort()).toEqual([["a"], ["b"], ["row"]]);
  });

  it("runs a function again that uses what it does not declare, and says what and the remedy", async () => {
    const dataset = await saved();
    let offset = 1;
    const add = ({ n }: Row) => ({ m: n + offset });
    expect((await dataset.map(add)).at(0).m).toBe(1);
    expect(last()).toContain(
      "the result is not cached and the function runs each time: the function uses `offset` from outside",
    );
    expect(last()).toContain(
      "declare it, map(fn, { with: { offset } }), and take it from the function's second argument",
    );
    offset = 2;
    expect((await dataset.map(add)).at(0).m).toBe(2);
    class Model {}
    await dataset.map(({ n }, { model }) => ({ m: n + Number(model === undefined) }), { with: { model: new Model() } });
    expect(last()).toContain("the input `model` is a Model, which does not tell its fingerprint");
    await dataset.map(({ n }) => ({ m: n + Math.random() }));
    expect(last()).toContain("the function uses Math.random, which is another each time");
  });

  it("keeps nothing of a function that fails, nor of rows in memory", async () => {
    const dataset = await saved();
    const failing = dataset.map(({ n }) => {
      if (n === 17) throw new Error("no");
      return { n };
    });
    await expect(failing).rejects.toThrow("map: the function threw at row 17: Error: no");
    await Dataset.fromColumns({ n: [1, 2] }).map(({ n }) => ({ m: n }));
    await cacheSettled();
    expect(await listCache()).toEqual([]);
    expect(readdirSync(join(cache, "attune/map"))).toEqual([]);
  });

  it("makes a damaged result anew", async () => {
    const dataset = await saved();
    const double = () => dataset.map(({ n }) => ({ m: n * 2 }));
    await double();
    await cacheSettled();
    const [{ folder }] = await listCache();
    truncateSync(join(folder, "part-00000.arrow"), 100);
    expect((await double()).at(4).m).toBe(8);
    expect(
      lines.some((line) => /warning: the cached result .* is damaged and made anew: .* has 100 bytes/.test(line)),
    ).toBe(true);
    await cacheSettled();
    writeFileSync(join((await listCache())[0].folder, "entry.json"), "{");
    expect((await double()).at(4).m).toBe(8);
  });

  it("works without a cache where none can be written, with a warning", async () => {
    mkdirSync(dirname(cache), { recursive: true });
    writeFileSync(cache, "a file where the folder should be");
    const dataset = await saved();
    expect((await dataset.map(({ n }) => ({ m: n + 1 }))).at(4).m).toBe(5);
    expect(lines.some((line) => line.includes("warning: results are not cached: Could not write folder"))).toBe(true);
  });
});

describe("files that are loaded", () => {
  it("are converted once, and anew when they change", async () => {
    const folder = await folderOf({ "a.csv": "text,n\nx,1\ny,2\n" });
    const path = join(folder, "a.csv");
    const load = async () => (await loadDataset(path)).train.columns();
    expect(await load()).toEqual({ text: ["x", "y"], n: [1, 2] });
    await cacheSettled();
    expect(await listCache()).toHaveLength(1);
    expect(await load()).toEqual({ text: ["x", "y"], n: [1, 2] });
    expect(await listCache()).toHaveLength(1);
    writeFileSync(path, "text,n\nx,1\nz,3\n");
    expect(await load()).toEqual({ text: ["x", "z"], n: [1, 3] });
    expect((await loadDataset(path, { delimiter: ";" })).train.columnNames).toEqual(["text,n"]);
  });
});

describe("the cache's folder", () => {
  it("is one of ours in HF_DATASETS_CACHE, else in HF_HOME's datasets, else in the home folder's cache", async () => {
    const home = await folderOf({});
    const csv = join(await folderOf({ "a.csv": "n\n1\n2\n" }), "a.csv");
    const holders = async (): Promise<string[]> => {
      await loadDataset(csv);
      await cacheSettled();
      const [entry] = await listCache();
      return [entry.folder, cacheDirectory()];
    };
    expect(await holders()).toEqual([expect.stringContaining(`${cache}/attune/load/`), join(cache, "attune")]);
    vi.stubEnv("HF_DATASETS_CACHE", undefined);
    vi.stubEnv("HF_HOME", join(home, "hf"));
    const inHome = join(home, "hf/datasets/attune");
    expect(await holders()).toEqual([expect.stringContaining(`${inHome}/load/`), inHome]);
    vi.stubEnv("HF_HOME", undefined);
    vi.stubEnv("XDG_CACHE_HOME", undefined);
    vi.stubEnv("HOME", home);
    expect(cacheDirectory()).toBe(join(home, ".cache/huggingface/datasets/attune"));
  });
});

describe("the cache's size", () => {
  it("is kept by removing what was unused for longest, but nothing that is in use here", async () => {
    const dataset = await saved();
    for (const k of [1, 2, 3]) await dataset.map(({ n }, { k }) => ({ m: n * k }), { with: { k } });
    await cacheSettled();
    const results = await listCache();
    expect(results).toHaveLength(3);
    expect(await pruneCache(0)).toEqual([]); // this process uses all of them
    const script = `import { pruneCache } from ${JSON.stringify(pathToFileURL(join(dirname(dist), "cache/entries.js")).href)};
      const removed = await pruneCache(${results[0].bytes * 2 + 10});
      console.log(removed.length, removed[0].folder);`;
    const old = new Date(Date.now() - 1e6);
    utimesSync(join(results[2].folder, "entry.json"), old, old);
    mkdirSync(join(cache, "attune/map/.abandoned.host-999999-01234567.tmp"));
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
      env: { ...process.env, ATTUNE_LOG: "warn" },
    });
    expect(stdout.trim()).toBe(`1 ${results[2].folder}`);
    expect(existsSync(results[2].folder)).toBe(false);
    expect(existsSync(results[0].folder)).toBe(true);
  });
});

describe("attune cache", () => {
  const attune = async (...args: string[]) => {
    const main = join(dirname(dirname(dist)), "cli/main.js");
    const env = { ...process.env, HF_HUB_CACHE: join(cache, "hub") };
    return (await run(process.execPath, [main, "cache", ...args], { env })).stdout;
  };

  it("lists results with their sizes, and prunes them to a budget", async () => {
    const dataset = await saved();
    await dataset.map(({ n }) => ({ m: n }));
    await cacheSettled();
    expect(await attune("ls")).toMatch(/map +[0-9a-f]{12} .* 30 rows {2}m\n.*attune: 1 results of datasets/);
    expect(await attune("prune", "--budget", "0", "--dry-run")).toContain("Would remove 1 results");
    expect(await attune("prune", "--budget", "1GB")).toContain("Removed 0 results");
    expect(await attune("prune", "--budget", "0")).toContain("Removed 1 results");
    expect(await listCache()).toEqual([]);
    await expect(attune("prune", "--budget", "much")).rejects.toThrow('--budget is "much": give bytes, or a size');
  });
});

/** A program of its own over the built package. */
const program = (folder: string, body: string) => `
  import { loadFromDisk } from ${JSON.stringify(pathToFileURL(dist).href)};
  const dataset = loadFromDisk(${JSON.stringify(folder)});
  ${body}`;

describe("other processes", () => {
  it("that map the same at once all end with the result, of which one stays", async () => {
    const folder = join(await folderOf({}), "saved");
    await Dataset.fromColumns({ n: Array.from({ length: 3000 }, (_, i) => i) }).saveToDisk(folder);
    const body = `const mapped = await dataset.map(({ n }) => ({ m: n * 2 }));
      console.log(mapped.column("m").reduce((a, b) => a + b), mapped.at(2999).m);`;
    const env = { ...process.env, ATTUNE_LOG: "warn" };
    const args = ["--input-type=module", "-e", program(folder, body)];
    const outputs = await Promise.all([1, 2, 3].map(() => run(process.execPath, args, { env })));
    for (const { stdout, stderr } of outputs) expect([stdout.trim(), stderr]).toEqual(["8997000 5998", ""]);
    expect(readdirSync(join(cache, "attune/map"))).toHaveLength(1);
    lines = [];
    const here = await (loadFromDisk<{ n: number }>(folder) as Dataset<{ n: number }>).map(({ n }) => ({ m: n * 2 }));
    expect(here.at(7).m).toBe(14);
  });

  it("that are killed leave nothing that is taken for a result, and what they left goes", async () => {
    const folder = join(await folderOf({}), "saved");
    await Dataset.fromColumns({ n: Array.from({ length: 4000 }, (_, i) => i) }).saveToDisk(folder);
    const body = (wait: number) => `const mapped = await dataset.map(async ({ n }, { wait }) => {
        if (n % 1000 === 999) { console.log(n); await new Promise((resolve) => setTimeout(resolve, wait)); }
        return { m: n + 1 };
      }, { with: { wait: ${wait} } });
      console.log("sum", mapped.column("m").reduce((a, b) => a + b));`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program(folder, body(60_000))], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    const left = readdirSync(join(cache, "attune/map"));
    expect(left).toHaveLength(1);
    expect(left[0]).toMatch(/^\..*\.tmp$/);
    expect(await listCache()).toEqual([]);
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program(folder, body(0))]);
    expect(stdout).toContain("sum 8002000");
    expect(await listCache()).toHaveLength(1);
    await pruneCache(Number.POSITIVE_INFINITY);
    expect(readdirSync(join(cache, "attune/map"))).toHaveLength(1);
  });

  it.skipIf(process.platform === "win32")("that find the disk full say so, and leave nothing", async () => {
    const folder = join(await folderOf({}), "saved");
    await Dataset.fromColumns({ n: Array.from({ length: 3000 }, (_, i) => i) }).saveToDisk(folder);
    const body = `try { await dataset.map(({ n }) => ({ text: String(n).padStart(1000) })); console.log("done"); }
      catch (error) { console.log(error.name, error.message); }`;
    const file = join(await folderOf({ "full.mjs": program(folder, body) }), "full.mjs");
    // a limit on the size of files stands for a full disk: the kernel refuses the write that goes beyond it
    const { stdout } = await run("bash", [
      "-c",
      `trap '' XFSZ; ulimit -f 1000; exec "$0" "$1"`,
      process.execPath,
      file,
    ]);
    expect(stdout).toMatch(
      /^AttuneError Could not write file .*part-00000.arrow: the file would be larger than .* \(EFBIG\)/,
    );
    expect(readdirSync(join(cache, "attune/map"))).toEqual([]);
  });

  it.skipIf(process.platform === "win32")(
    "that find the disk full as they load or save leave nothing either",
    async () => {
      const rows = Array.from({ length: 3000 }, (_, n) => JSON.stringify({ text: String(n).padStart(1000) }));
      const folder = await folderOf({ "a.jsonl": rows.join("\n") });
      const body = `const dataset = await loadDataset(${JSON.stringify(join(folder, "a.jsonl"))}, { split: "train" });`;
      const save = `await dataset.saveToDisk("${folder}/saved")`;
      const parquet = `await dataset.toParquet("${folder}/a.parquet", { compression: "none" })`;
      const csv = `await dataset.toCsv("${folder}/a.csv")`;
      const inMemory = `const dataset = Dataset.fromRows([...Array(3000).keys()].map((n) => ({ text: String(n).padStart(1000) })));`;
      for (const program of [body, ...[save, parquet, csv].map((write) => `${inMemory} ${write};`)]) {
        const source = `import { Dataset, loadDataset } from ${JSON.stringify(pathToFileURL(dist).href)};
        try { ${program} console.log("done"); } catch (error) { console.log(error.name, error.message); }`;
        const file = join(await folderOf({ "full.mjs": source }), "full.mjs");
        const script = `trap '' XFSZ; ulimit -f 1000; exec "$0" "$1"`;
        const { stdout } = await run("bash", ["-c", script, process.execPath, file]);
        expect(stdout, program).toMatch(/^AttuneError Could not write (file|folder) .*larger than .* \(EFBIG\)/);
      }
      expect(readdirSync(folder).toSorted()).toEqual(["a.jsonl"]);
      expect(readdirSync(join(cache, "attune/load"))).toEqual([]);
    },
  );
});

describe("numProc", () => {
  const module = `export default (rows, { suffix, indices }) => ({ loud: rows.text.map((t) => t.toUpperCase() + suffix), at: indices });
    export const failing = ({ n }) => { if (n === 1417) throw new TypeError("x is not a function"); return { m: n }; };
    export const mixed = ({ n }) => ({ m: n < 2000 ? null : n < 3000 ? 1 : 0.5 });
    export const clashing = ({ n }) => ({ m: n < 2000 ? "a" : 1 });
    export const tokenized = ({ text }, { tokenizer }) => tokenizer(text);`;

  async function fixture(): Promise<{ folder: string; url: string }> {
    const folder = await folderOf({ "fn.mjs": module });
    const rows = Array.from({ length: 4500 }, (_, i) => i);
    await Dataset.fromColumns({ text: rows.map((i) => `row ${i}`), n: rows }).saveToDisk(join(folder, "saved"));
    return { folder: join(folder, "saved"), url: pathToFileURL(join(folder, "fn.mjs")).href };
  }

  const given = (url: string, name?: string) =>
    `{ module: ${JSON.stringify(url)}${name === undefined ? "" : `, name: "${name}"`} }`;
  const script = async (folder: string, body: string): Promise<unknown> => {
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program(folder, body)], {
      env: { ...process.env, ATTUNE_LOG: "warn" },
    });
    return JSON.parse(stdout);
  };

  it("gives the rows of one thread, in their order, and the same cached result", async () => {
    const { folder, url } = await fixture();
    const body = (table: string, options: string) => `
      const mapped = await (${table}).map(${given(url)}, { batched: true, batchSize: 400, with: { suffix: "!" }, removeColumns: "n", ${options} });
      console.log(JSON.stringify([mapped.columnNames, mapped.column("loud"), mapped.column("at"), mapped.column("text")]));`;
    const one = await script(folder, body("dataset", "cache: false"));
    expect(await script(folder, body("dataset", "numProc: 3, cache: false"))).toEqual(one);
    expect(await script(folder, body("dataset", "numProc: 3"))).toEqual(one);
    expect(readdirSync(join(cache, "attune/map"))).toHaveLength(1);
    expect(await script(folder, body("dataset", ""))).toEqual(one);
    const shuffled = "dataset.shuffle({ seed: 5 })";
    expect(await script(folder, body(shuffled, "numProc: 2"))).toEqual(
      await script(folder, body(shuffled, "cache: false")),
    );
    const inMemory = "await dataset.map(({ n }) => ({ k: n }), { cache: false })";
    expect(await script(folder, body(inMemory, "numProc: 2"))).not.toEqual(one); // has the column k too
  });

  it("takes a tokenizer along", async () => {
    const { folder, url } = await fixture();
    const model = fileURLToPath(new URL("../../assets/model", import.meta.url));
    const body = (options: string) => `
      const { AutoTokenizer } = await import(${JSON.stringify(pathToFileURL(join(dirname(dist), "../index.js")).href)});
      const tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(model)});
      const mapped = await dataset.map(${given(url, "tokenized")}, { batched: true, with: { tokenizer }, cache: false, ${options} });
      console.log(JSON.stringify(mapped.column("input_ids").map((ids) => [...ids])));`;
    const one = await script(folder, body("numProc: 1"));
    expect(one).toHaveLength(4500);
    expect(await script(folder, body("numProc: 2"))).toEqual(one);
  });

  it("gives columns the type that holds what all threads returned, and refuses others", async () => {
    const { folder, url } = await fixture();
    const body = (name: string) => `
      try { const mapped = await dataset.map(${given(url, name)}, { numProc: 4, cache: false });
        console.log(JSON.stringify([mapped.features.m, mapped.at(0).m, mapped.at(2500).m, mapped.at(4000).m])); }
      catch (error) { console.log(JSON.stringify([error.name, error.message])); }`;
    expect(await script(folder, body("mixed"))).toEqual([{ dtype: "float64", _type: "Value" }, null, 1, 0.5]);
    expect(await script(folder, body("clashing"))).toEqual([
      "DataError",
      expect.stringMatching(/column "m" is Value\("int64"\) .*but Value\("string"\) before/),
    ]);
    expect(await script(folder, body("failing"))).toEqual([
      "DataError",
      "map: the function threw at row 1417: TypeError: x is not a function",
    ]);
    expect(await script(folder, body("none"))).toEqual([
      "ConfigError",
      expect.stringContaining('exports no function "none"'),
    ]);
  });

  it("gives up where a thread is silent for longer than it may be, and leaves nothing", async () => {
    const { folder, url: regular } = await fixture();
    const hanging = `export const hanging = ({ n }) => { while (n === 2600); return { m: n }; };
      export const waiting = ({ n }) => (n === 2600 ? new Promise(() => setInterval(() => 0, 1000)) : { m: n });`;
    const url = pathToFileURL(join(await folderOf({ "hanging.mjs": hanging }), "hanging.mjs")).href;
    const body = (name: string, timeout: number) => `
      try { const mapped = await dataset.map(${given(url, name)}, { numProc: 2, timeout: ${timeout} });
        console.log(JSON.stringify(mapped.length)); }
      catch (error) { console.log(JSON.stringify([error.name, error.message])); }`;
    for (const name of ["hanging", "waiting"]) {
      expect(await script(folder, body(name, 1.5))).toEqual([
        "AttuneError",
        expect.stringMatching(/said nothing for 1.5 s, in the batch of row 2000 of those before 3000: .*\{ timeout \}/),
      ]);
      expect(await listCache()).toEqual([]);
    }
    const enough = `const mapped = await dataset.map(${given(regular)}, { numProc: 2, timeout: 60, batched: true,
      with: { suffix: "" } }); console.log(mapped.length);`;
    expect(await script(folder, enough)).toBe(4500);
    const dataset = await saved();
    const module = { module: url, name: "hanging" };
    await expect(dataset.map(module, { timeout: 5 })).rejects.toThrow("timeout is for worker threads");
    await expect(dataset.map(module, { timeout: 0, numProc: 2 })).rejects.toThrow("timeout is 0");
  });

  it("is refused for functions that are not given by a module", async () => {
    const dataset = await saved();
    await expect(dataset.map(({ n }) => ({ n }), { numProc: 2 })).rejects.toThrow(
      "export the function from a module of its own",
    );
    await expect(dataset.map(({ n }) => ({ n }), { numProc: 0 })).rejects.toThrow("numProc is 0");
    await sleep(0);
  });
});
