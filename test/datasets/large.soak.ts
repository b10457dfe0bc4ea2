// A saved dataset of 4 GB: one file of 100 MB, listed forty times. It opens at once, and memory stays flat however it is read.
import { execFileSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect, it } from "vitest";
import { Dataset } from "../../src/datasets/index.js";
import { folderOf } from "./files.js";

const dist = pathToFileURL(fileURLToPath(new URL("../../dist/datasets/index.js", import.meta.url))).href;
const ROWS = 400_000;

it.skipIf(process.platform !== "linux")("a dataset of 4 GB opens at once, in flat memory", async () => {
  const folder = join(await folderOf({}), "large");
  const text = Array.from({ length: ROWS }, (_, i) => `${i} `.padEnd(250, "x"));
  await Dataset.fromColumns({ text, n: text.map((_, i) => i) }).saveToDisk(folder, { numShards: 1 });
  const state = JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as { _data_files: object[] };
  writeFileSync(
    join(folder, "state.json"),
    JSON.stringify({ ...state, _data_files: Array(40).fill(state._data_files[0]) }),
  );
  expect(40 * statSync(join(folder, "data-00000-of-00001.arrow")).size).toBeGreaterThan(4e9);
  const script = `
    import { readFileSync } from "node:fs";
    import { loadFromDisk } from ${JSON.stringify(dist)};
    const anonymous = () => Number(/^RssAnon:\\s+(\\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) / 1024;
    const before = anonymous();
    const start = performance.now();
    const dataset = loadFromDisk(${JSON.stringify(folder)});
    const seconds = (performance.now() - start) / 1000;
    let peak = 0, wrong = 0;
    const check = (row) => { if (dataset.at(row).n !== row % ${ROWS}) wrong++; };
    for (let i = 0; i < 200_000; i++) { check((i * 7_990_271) % dataset.length); if (i % 1000 === 0) peak = Math.max(peak, anonymous()); }
    for (let start = 0; start < dataset.length; start += 50_000) {
      if (dataset.selectColumns("n").slice(start, start + 2000)[1999].n !== (start + 1999) % ${ROWS}) wrong++;
      dataset.slice(start, start + 5000);
      peak = Math.max(peak, anonymous());
    }
    console.log(JSON.stringify({ rows: dataset.length, seconds, wrong, grown: peak - before }));`;
  const found = JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" }),
  ) as {
    rows: number;
    seconds: number;
    wrong: number;
    grown: number;
  };
  expect(found.rows).toBe(40 * ROWS);
  expect(found.wrong).toBe(0);
  // The 64 MiB of chunks that are kept, a heap for the rows that were handed out, and what waits for the collector.
  expect(found.grown).toBeLessThan(256);
  console.log(`opened in ${found.seconds.toFixed(3)} s, grown by ${found.grown.toFixed(0)} MiB`);
});
