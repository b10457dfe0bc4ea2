// Long logs: a first look by samples, what was read is kept and taken up again, in few points that keep extremes; and
// whatever happens to log or store, what is shown is what the log holds.
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { Inside, LogStore, Run, Runs } from "../../src/runs/index.js";
import { temporaryFolder } from "../trainer/tiny.js";

const ROWS = 30_000;
const SPIKE = 17_311;
const root = temporaryFolder("long");
const folder = join(root, "runs");
const log = join(folder, "long", "attune_log.jsonl");
const cache = join(root, "cache");

const lossAt = (step: number) => (step === SPIKE ? 99 : 1 / step);
const rowOf = (step: number) =>
  `{"event":"log","time":${1000 * step},"step":${step},"epoch":${step / 1000},"tokens":${10 * step},` +
  `"values":{"loss":${lossAt(step)},"grad_norm":${step === 7 ? '"NaN"' : 2}},"figures":{"memory":1500000000,"padding_share":0.25}}\n`;
const start = (step: number, rows: number) =>
  `{"event":"start","time":${1000 * step},"step":${step},"rows":${rows},"maxSteps":${ROWS},"epochs":30,"host":"elsewhere","pid":1,"best":{"key":"eval_loss","greater":false}}\n`;

function writeLog(): void {
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(join(folder, "long"), { recursive: true });
  const rows = Array.from({ length: ROWS }, (_, i) => rowOf(i + 1));
  writeFileSync(log, `${start(0, 0)}${rows.join("")}`);
}

const stored = () => readdirSync(cache).filter((name) => name.endsWith(".columns"));
const open = async (store?: LogStore) => {
  const run = new Run(await Inside.open(folder), "long", store);
  await run.refresh();
  return run;
};

/** Everything that a run shows. */
function contentOf(run: Run): object {
  const { history } = run;
  const series = history.keys.map((key) => {
    const { steps, seconds, tokens, epochs, values } = history.series(key) ?? expect.fail(key);
    const overview = history.overview(key);
    return [
      key,
      [steps, seconds, tokens, epochs, values].map((column) => [...column]),
      overview && [overview.steps, overview.seconds, overview.tokens, overview.values].map((column) => [...column]),
      history.nonFinite(key),
    ];
  });
  return { summary: run.summary(), series };
}

describe("a long log", () => {
  let whole: object;
  beforeAll(async () => {
    writeLog();
    whole = contentOf(await open());
  });

  it("is drawn in few points that keep every extreme where it is", async () => {
    const { history } = await open();
    const overview = history.overview("loss") ?? expect.fail("no overview");
    expect(overview.values.length).toBeLessThan(ROWS / 10);
    expect([overview.steps[0], overview.steps.at(-1)]).toEqual([1, ROWS]);
    expect(overview.steps[overview.values.indexOf(99)]).toBe(SPIKE);
    expect(overview.tokens[overview.values.indexOf(99)]).toBe(10 * SPIKE);
    expect([...overview.steps]).toEqual([...overview.steps].sort((a, b) => a - b));
    for (let i = 0; i < overview.values.length; i++) expect(overview.values[i]).toBe(lossAt(overview.steps[i]));
    expect(history.nonFinite("grad_norm")).toBe(1);
  });

  it("is sampled at first, and then read", async () => {
    const run = new Run(await Inside.open(folder), "long");
    await run.glance();
    expect(run.rough).toBe(true);
    const { values = [], steps = [] } = run.history.series("loss") ?? {};
    expect(values.length).toBeGreaterThan(500);
    expect(values.length).toBeLessThan(ROWS / 5);
    expect(run.summary()).toMatchObject({ step: ROWS, maxSteps: ROWS, damagedLines: 0, began: 0 });
    for (let i = 0; i < values.length; i++) expect(values[i]).toBe(lossAt(steps[i]));
    expect(await run.refresh()).toBe(true);
    expect(run.rough).toBe(false);
    expect(contentOf(run)).toEqual(whole);
  });

  it("is kept when it has been read, and taken up again without reading it", async () => {
    writeLog();
    const store = new LogStore(cache);
    expect(contentOf(await open(store))).toEqual(whole); // from the store already: what was read is let go
    expect(stored()).toHaveLength(1);
    if (process.platform !== "win32") expect(statSync(join(cache, stored()[0])).mode & 0o77).toBe(0);
    // What lies between its first and last bytes is not looked at again.
    const text = readFileSync(log, "utf8");
    writeFileSync(log, text.replace(`"loss":${lossAt(500)},`, `"loss":${String(lossAt(500)).replace("2", "3")},`));
    const again = new Run(await Inside.open(folder), "long", store);
    await again.glance();
    expect(again.rough).toBe(false);
    expect(contentOf(again)).toEqual(whole);
  });

  it("goes on after what is kept: rows that were added, also half of one, and a start that takes rows back", async () => {
    writeLog();
    const store = new LogStore(cache);
    const half = rowOf(ROWS + 1);
    appendFileSync(log, half.slice(0, 40));
    await open(store);
    appendFileSync(log, `${half.slice(40)}${start(20_000, 20_000)}${rowOf(20_001)}`);
    const resumed = await open(store);
    expect(resumed.history.series("loss")?.steps.at(-1)).toBe(20_001);
    expect(resumed.history.length).toBe(20_001);
    expect(contentOf(resumed)).toEqual(contentOf(await open()));
  });

  it("is read anew where it is another, or where what is kept is damaged or gone", async () => {
    writeLog();
    const store = new LogStore(cache);
    await open(store);
    const [name] = stored();
    for (const length of [1000, statSync(join(cache, name)).size - 8]) {
      truncateSync(join(cache, name), length);
      expect(contentOf(await open(store))).toEqual(whole);
    }
    writeFileSync(join(cache, name), "nonsense");
    expect(contentOf(await open(store))).toEqual(whole);
    const other = readFileSync(log, "utf8").replaceAll('"padding_share":0.25', '"padding_share":0.75');
    rmSync(log);
    writeFileSync(log, other);
    expect((await open(store)).summary().values.padding_share).toBe(0.75);
  });

  it("is listed after the first look, before it has been read", async () => {
    writeLog();
    const runs = await Runs.open(folder, new LogStore(cache));
    const refreshing = runs.refresh();
    while (runs.list.length === 0) await new Promise((resume) => setImmediate(resume));
    expect(runs.list[0].rough).toBe(true);
    expect((await refreshing).changed).toEqual(["long"]);
    expect(runs.list[0].rough).toBe(false);
    expect((await runs.refresh()).changed).toEqual([]);
  });

  it("leaves the store when nobody has used it for a month", async () => {
    const store = new LogStore(join(root, "old"));
    const run = await open(store);
    expect(run.history.length).toBe(ROWS);
    const [name] = readdirSync(join(root, "old"));
    await store.sweep();
    expect(readdirSync(join(root, "old"))).toEqual([name]);
    utimesSync(join(root, "old", name), 1, 1);
    await store.sweep();
    expect(readdirSync(join(root, "old"))).toEqual([]);
  });
});
