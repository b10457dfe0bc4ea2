// attune curves: what runs have logged, drawn in the terminal.
import { choice, integer, text, toggle } from "../trainer/fields.js";
import { defineCommand } from "./command.js";

const flags = {
  metrics: text({
    default: undefined,
    placeholder: "NAMES",
    help: "figures to draw, with commas between; those with + between share a chart: loss+eval_loss,learning_rate",
    defaultNote: "the losses, and the metric that tells the best",
  }),
  x: choice(["step", "epoch", "time", "tokens"], { default: "step", help: "what runs along the horizontal axis" }),
  log: toggle({ default: false, help: "logarithms on the vertical axis" }),
  smooth: integer({ default: 0, min: 0, help: "draw means over so many values to both sides" }),
  width: integer({
    default: undefined,
    min: 30,
    help: "columns",
    defaultNote: "the terminal's, through a pipe COLUMNS or 80",
  }),
  height: integer({ default: 14, min: 6, help: "lines of a chart" }),
} as const;

export const command = defineCommand({
  name: "curves",
  description:
    "Draws what runs have logged in the terminal: lines for training, marks for evaluations; several runs on one chart.",
  usage: ["attune curves runs/mrpc", "attune curves runs/a runs/b --metrics eval_f1,learning_rate --x epoch"],
  words: [{ name: "RUN", help: "folder of a run", repeated: true }],
  sections: [{ title: "Flags", flags }],
  flags,
  required: [],
  run: async (values, _given, folders) => {
    const [{ openRuns, drawCurves }, { inkOf }] = await Promise.all([
      import("./draw-curves.js"),
      import("./drawing/ink.js"),
    ]);
    const runs = await openRuns(folders);
    const width = values.width ?? process.stdout.columns ?? pipedWidth();
    for (const line of drawCurves(runs, { ...values, width, ink: inkOf(process.stdout) })) console.log(line);
    return 0;
  },
});

/** What comes out of a pipe mostly ends on a terminal, whose width the shell may have told. */
function pipedWidth(): number {
  const told = Number(process.env.COLUMNS);
  return Number.isInteger(told) && told >= 30 ? told : 80;
}
