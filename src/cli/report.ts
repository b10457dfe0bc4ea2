// What a command that trained says at its end.
import { constants } from "node:os";
import type { PeftModel } from "../peft/index.js";
import { info } from "../support/log.js";
import type { Baseline } from "../tasks/index.js";
import { isEvaluation, resultsTable } from "../trainer/card.js";
import type { Trainer, TrainOutput } from "../trainer/index.js";
import { attuneCommand } from "./invocation.js";

type Trained = Pick<Trainer, "state" | "args">;

/** Prints the table of evaluations, and what ended training early, if something did. */
export function printResults({ state }: Trained, { interrupted }: TrainOutput): void {
  const { logHistory, globalStep, maxSteps } = state;
  if (logHistory.some(isEvaluation)) console.log(`\n${resultsTable(logHistory)}`);
  if (interrupted) console.log(`\nEnded by ${interrupted} after step ${globalStep} of ${maxSteps}.`);
}

/** What `train` says of a run that was ended early, in place of all that it says at the end. @returns the exit status */
export function endEarly({ args }: Trained, output: TrainOutput): number {
  if (args.saveStrategy !== "no" && !args.saveOnlyModel) {
    console.log("The same command with --resume-from-checkpoint auto goes on.");
  }
  return exitStatus(output);
}

/** Prints the figures of simple methods beside the model's. */
export function printBaselines({ state }: Trained, baselines: readonly Baseline[]): void {
  const last = state.logHistory.findLast(isEvaluation);
  if (!last || baselines.length === 0) return;
  const names = Object.keys(baselines[0].metrics);
  const rows = [
    ...baselines,
    { name: "this model", metrics: Object.fromEntries(names.map((name) => [name, last[`eval_${name}`]])) },
  ];
  const figures = rows.map(({ name, metrics }) => [name, ...names.map((each) => metrics[each]?.toFixed(4) ?? "")]);
  console.log(`\nBeside what takes no model:\n${table([["", ...names], ...figures])}`);
}

/** Says how much of a model trains. */
export function sayAdapter(model: Pick<PeftModel, "getNbTrainableParameters">): void {
  const { trainable, all } = model.getNbTrainableParameters();
  info(`LoRA: ${trainable} of ${all} parameters train (${((100 * trainable) / all).toFixed(2)} %)`);
}

/** Cells in columns, the first row a heading. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i])).join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** Prints where the model is, and a command that tries it on these texts. */
export function printWhatNext({ args }: Trained, texts: readonly string[], more: readonly string[] = []): void {
  if (args.saveStrategy === "no") return;
  const flags = ["--text", "--pair"].slice(0, texts.length).map((flag, i) => `${flag} ${quote(texts[i])}`);
  const lines = [`${attuneCommand()} predict --model ${args.outputDir} ${flags.join(" ")}`, ...more];
  console.log(`\nThe model is in ${args.outputDir}. What next:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** The beginning of a text as a word of a shell's command line. */
function quote(text: string): string {
  const short = text.length > 80 ? text.slice(0, 80).replace(/\s\S*$/, "") : text;
  return `'${short.replaceAll(/\s+/g, " ").replaceAll("'", "'\\''")}'`;
}

/** 0, or for a run that a signal ended what shells give for it. */
export function exitStatus({ interrupted }: Pick<TrainOutput, "interrupted">): number {
  return interrupted === undefined ? 0 : 128 + (constants.signals[interrupted as NodeJS.Signals] ?? 0);
}
