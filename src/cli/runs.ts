// attune runs: the runs of a folder, a line each: how they stand, the curve of their loss, the best that they reached.
import type { Run, RunStatus, RunSummary } from "../runs/index.js";
import { choice, toggle } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import type { Color, Ink } from "./drawing/ink.js";

const flags = {
  sort: choice(["newest", "best", "name"], { default: "newest", help: "order of the runs" }),
  json: toggle({ default: false, help: "everything about the runs as JSON, for other programs" }),
} as const;

export const command = defineCommand({
  name: "runs",
  description:
    "Lists the runs of a folder, those within its folders, too: how they stand, their loss, the best they reached.",
  usage: ["attune runs", "attune runs runs/search --sort best"],
  words: [{ name: "FOLDER", help: "folder of runs (default runs)", optional: true }],
  sections: [{ title: "Flags", flags }],
  flags,
  required: [],
  run: async ({ sort, json }, _given, [folder = "runs"]) => {
    const [{ Runs }, { inkOf }] = await Promise.all([import("../runs/index.js"), import("./drawing/ink.js")]);
    const runs = await Runs.open(folder);
    await runs.refresh();
    const listed = sorted(runs.list, sort);
    if (json) {
      console.log(
        JSON.stringify(
          listed.map((run) => run.summary()),
          null,
          2,
        ),
      );
      return 0;
    }
    if (listed.length === 0) console.log(`There is no run in ${folder}.`);
    else for (const line of await runLines(listed, inkOf(process.stdout), process.stdout.columns)) console.log(line);
    return 0;
  },
});

function sorted(runs: readonly Run[], by: "newest" | "best" | "name"): readonly Run[] {
  if (by === "newest") return runs;
  if (by === "name") return [...runs].sort((a, b) => a.id.localeCompare(b.id, "en", { numeric: true }));
  const worth = new Map(runs.map((run) => [run, run.summary().best]));
  const rank = (run: Run) => {
    const best = worth.get(run);
    return best === undefined ? Number.NEGATIVE_INFINITY : best.greater ? best.value : -best.value;
  };
  return [...runs].sort((a, b) => rank(b) - rank(a));
}

const STATUS_COLORS: Readonly<Record<RunStatus, Color | undefined>> = {
  running: "cyan",
  finished: "green",
  interrupted: "yellow",
  failed: "red",
  killed: "red",
  unknown: undefined,
};

const SPARK = 16;
const CURVE = 3;
/** Columns that go where there is no room for all, one after the other: the last log, the time, the curve. */
const DISPENSABLE = [7, 6, CURVE];
/** With less room than this a reason says nothing. */
const LEAST_REASON = 16;

/** A heading and a line for each run, each no wider than the terminal if that can be. */
export async function runLines(runs: readonly Run[], ink: Ink, width = 200, now = Date.now()): Promise<string[]> {
  const [
    { columnsOf, visibleWidth },
    { harmless, paint },
    { sparkline },
    { cutToWidth },
    { formatDuration },
    { showNumber },
  ] = await Promise.all([
    import("./drawing/chart.js"),
    import("./drawing/ink.js"),
    import("./drawing/sparkline.js"),
    import("../support/terminal.js"),
    import("../support/progress.js"),
    import("../trainer/fields.js"),
  ]);
  const line = (run: Run): string[] => {
    const summary = run.summary();
    const { status, step, maxSteps, best, seconds, values } = summary;
    const losses = run.history.series("loss")?.values ?? [];
    const loss = values.loss ?? values.train_loss;
    return [
      harmless(run.id === "." ? run.name : run.id),
      paint(ink, STATUS_COLORS[status], status),
      maxSteps === undefined ? String(step) : `${step}/${maxSteps}`,
      sparkline(losses, SPARK, ink),
      loss === undefined ? "" : showNumber(loss),
      best === undefined ? "" : `${harmless(best.key)} ${showNumber(best.value)} at ${best.step}`,
      seconds > 0 ? formatDuration(seconds) : "",
      ageOf(summary, now),
    ];
  };
  const rows = [["RUN", "STATUS", "STEP", "LOSS", "", "BEST", "TIME", "LAST"], ...runs.map(line)];
  const layOut = () => columnsOf(rows, new Set([2, 4, 6]));
  let lines = layOut();
  for (const column of DISPENSABLE) {
    if (lines.every((text) => visibleWidth(text) <= width)) break;
    for (const row of rows) row[column] = "";
    if (column === CURVE) rows[0][CURVE + 1] = "LOSS"; // the last one stays
    lines = layOut();
  }
  return lines.map((text, i) => {
    const { reason } = i > 0 ? runs[i - 1].summary() : {};
    const room = width - visibleWidth(text) - 2;
    if (reason === undefined || room < LEAST_REASON) return text;
    return `${text}  ${paint(ink, "red", harmless(cutToWidth(reason.split("\n")[0], room)))}`;
  });
}

/** How long ago something was logged. */
function ageOf({ updated }: RunSummary, now: number): string {
  if (updated === undefined) return "";
  const seconds = Math.max(0, (now - updated) / 1000);
  const units: [string, number][] = [
    ["s", 60],
    ["min", 60],
    ["h", 24],
    ["d", Infinity],
  ];
  let value = seconds;
  for (const [unit, size] of units) {
    if (value < size) return `${Math.floor(value)} ${unit} ago`;
    value /= size;
  }
  return "";
}
