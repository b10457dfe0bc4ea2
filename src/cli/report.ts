// What a command that trained says at its end.
import { constants } from "node:os";
import { isMetric, resultsTable } from "../trainer/card.js";
import type { Trainer, TrainOutput } from "../trainer/index.js";

type Trained = Pick<Trainer, "state" | "args">;

/** Prints the table of evaluations, and what ended training early, if something did. */
export function printResults({ state }: Trained, { interrupted }: TrainOutput): void {
  const { logHistory, globalStep, maxSteps } = state;
  const last = logHistory.findLast((row) => row.eval_loss !== undefined);
  const metrics = Object.keys(last ?? {}).filter((key) => isMetric(key) && key !== "eval_loss");
  if (last) console.log(`\n${resultsTable(logHistory, metrics)}`);
  if (interrupted) console.log(`\nEnded by ${interrupted} after step ${globalStep} of ${maxSteps}.`);
}

/** Prints where the model is, and a command that tries it on these texts. */
export function printWhatNext({ args }: Trained, texts: readonly string[], more: readonly string[] = []): void {
  if (args.saveStrategy === "no") return;
  const flags = ["--text", "--pair"].slice(0, texts.length).map((flag, i) => `${flag} ${quote(texts[i])}`);
  const lines = [`attune predict --model ${args.outputDir} ${flags.join(" ")}`, ...more];
  console.log(`\nThe model is in ${args.outputDir}. What next:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

/** The beginning of a text as a word of a shell's command line. */
function quote(text: string): string {
  const short = text.length > 80 ? text.slice(0, 80).replace(/\s\S*$/, "") : text;
  return `'${short.replaceAll(/\s+/g, " ").replaceAll("'", "'\\''")}'`;
}

/** 0, or for a run that a signal ended what shells give for it. */
export function exitStatus({ interrupted }: TrainOutput): number {
  return interrupted === undefined ? 0 : 128 + (constants.signals[interrupted as NodeJS.Signals] ?? 0);
}
