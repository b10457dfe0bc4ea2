// The work of `attune curves`: which figures are drawn, and the charts with their legends.
import { type Run, Runs, type Series } from "../runs/index.js";
import { ConfigError, nearest } from "../support/errors.js";
import { formatDuration } from "../support/progress.js";
import { showNumber } from "../trainer/fields.js";
import { type Curve, chart } from "./drawing/chart.js";
import { harmless, type Ink, PALETTE, paint } from "./drawing/ink.js";

export interface CurveOptions {
  readonly metrics: string | undefined;
  readonly x: "step" | "epoch" | "time" | "tokens";
  readonly log: boolean;
  /** Values to both sides whose mean is drawn. */
  readonly smooth: number;
  readonly width: number;
  readonly height: number;
  readonly ink: Ink;
}

/** The runs in these folders. @throws ConfigError where one holds no run, or several */
export async function openRuns(folders: readonly string[]): Promise<Run[]> {
  const opened: Run[] = [];
  for (const folder of folders) {
    const runs = await Runs.open(folder);
    await runs.refresh();
    const own = runs.get(".") ?? (runs.list.length === 1 ? runs.list[0] : undefined);
    if (own) opened.push(own);
    else if (runs.list.length === 0)
      throw new ConfigError(`there is no run in ${folder}: a run's folder has attune_log.jsonl, or trainer_state.json`);
    else
      throw new ConfigError(
        `${folder} holds ${runs.list.length} runs, ${runs.list[0].id} among them: name one. \`attune runs ${folder}\` lists them`,
      );
  }
  return opened;
}

/** Lines: a chart for each group of figures, with a legend. */
export function drawCurves(runs: readonly Run[], options: CurveOptions): string[] {
  const groups = groupsOf(runs, options.metrics);
  if (groups.length === 0) return [`${runs.map(nameOf).join(", ")}: nothing is logged yet.`];
  const x = extentOf(runs, groups, options.x);
  return groups.flatMap((keys, i) => [...(i > 0 ? [""] : []), ...drawGroup(runs, keys, options, x)]);
}

const nameOf = (run: Run): string => harmless(run.name);

/** Figures by charts. */
function groupsOf(runs: readonly Run[], metrics: string | undefined): string[][] {
  const logged = new Set(runs.flatMap((run) => run.history.keys));
  if (metrics === undefined) {
    const best = runs.map((run) => run.bestMetric.key);
    const wanted = [["loss", "eval_loss"], [...new Set(best)].filter((key) => key !== "eval_loss")];
    return wanted.map((keys) => keys.filter((key) => logged.has(key))).filter((keys) => keys.length > 0);
  }
  return metrics.split(",").map((group) =>
    group.split("+").map((name) => {
      const key = name.trim();
      if (logged.has(key)) return key;
      const near = nearest(key, logged);
      throw new ConfigError(
        `${runs.map(nameOf).join(" and ")} logged no "${key}"${near ? `; did you mean ${near}?` : ""} There is ${[...logged].map(harmless).join(", ")}`,
      );
    }),
  );
}

interface Drawn extends Curve {
  readonly name: string;
  readonly values: Float64Array;
  readonly greater: boolean;
}

function drawGroup(runs: readonly Run[], keys: readonly string[], options: CurveOptions, x: Extent): string[] {
  const { ink, width, height, log } = options;
  const shown = runs.flatMap((run) => keys.filter((key) => run.history.series(key)).map((key) => ({ run, key })));
  // Lines are training's, marks evaluations'. Where colours do not tell several of a kind apart, letters do.
  const lettered = !ink.colors && shown.length > new Set(shown.map(({ key }) => isEvaluation(key))).size;
  const curves = shown.flatMap(({ run, key }, number): Drawn[] => {
    const series = run.history.series(key);
    if (!series) return [];
    const dot = ink.unicode ? "●" : "o";
    return [
      {
        name: runs.length > 1 ? `${nameOf(run)} ${harmless(key)}` : harmless(key),
        x: along(series, options.x),
        y: smoothed(series.values, options.smooth),
        values: series.values,
        color: PALETTE[number % PALETTE.length],
        mark: lettered ? String.fromCharCode(97 + (number % 26)) : isEvaluation(key) ? dot : undefined,
        greater: key === run.bestMetric.key ? run.bestMetric.greater : !/loss$/.test(key),
      },
    ];
  });
  const labelX = options.x === "time" ? formatDuration : undefined;
  const title = `${keys.map(harmless).join(", ")}${log ? " (log)" : ""} over ${options.x}`;
  const lines = chart(curves, { width, height, log, ink, labelX, x });
  return [title, ...lines, ...curves.map((curve) => legend(curve, options))];
}

const isEvaluation = (key: string): boolean => key.startsWith("eval_") || key.startsWith("test_");

type Extent = readonly [low: number, high: number];

/** From where to where all charts go, so that they can be read one above the other. */
function extentOf(runs: readonly Run[], groups: readonly (readonly string[])[], x: CurveOptions["x"]): Extent {
  let [low, high] = [0, 0];
  for (const run of runs) {
    for (const key of groups.flat()) {
      const series = run.history.series(key);
      if (!series) continue;
      for (const place of along(series, x)) {
        if (!Number.isFinite(place)) continue;
        low = Math.min(low, place);
        high = Math.max(high, place);
      }
    }
  }
  return [low, high];
}

function along(series: Series, x: CurveOptions["x"]): Float64Array {
  const { steps, epochs, seconds, tokens } = series;
  return { step: steps, epoch: epochs, time: seconds, tokens }[x];
}

/** Means over `reach` values to both sides, those that are finite. */
function smoothed(values: Float64Array, reach: number): Float64Array {
  if (reach === 0) return values;
  return values.map((own, i) => {
    if (!Number.isFinite(own)) return own;
    const part = values.subarray(Math.max(0, i - reach), i + reach + 1).filter(Number.isFinite);
    return part.reduce((sum, value) => sum + value, 0) / part.length;
  });
}

function legend({ name, values, color, mark, greater }: Drawn, { ink, log }: CurveOptions): string {
  const finite = values.filter(Number.isFinite);
  const best = finite.reduce((a, b) => (greater ? Math.max(a, b) : Math.min(a, b)), greater ? -Infinity : Infinity);
  const sign = mark ?? (ink.unicode ? "⠤⠤" : "..");
  const odd = values.length - finite.length;
  const hidden = log ? finite.filter((value) => value <= 0).length : 0;
  const parts = [
    finite.length > 0 ? `last ${showNumber(finite[finite.length - 1])}, best ${showNumber(best)}` : "no finite value",
    odd > 0 ? `${odd} not finite` : "",
    hidden > 0 ? `${hidden} not above 0, and not shown` : "",
  ];
  return `  ${paint(ink, color, sign.padEnd(2))} ${name}: ${parts.filter((part) => part !== "").join(", ")}`;
}
