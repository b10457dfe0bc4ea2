// What a command that trained says at its end.
import { constants } from "node:os";
import { isMetric, resultsTable } from "../trainer/card.js";
import type { Trainer } from "../trainer/index.js";
import type { Task } from "./data.js";

/**
 * Prints the table of evaluations and where the model is.
 * @param interrupted The signal that ended training early, if one did.
 * @param task Whether to try it with one text or a pair.
 * @returns The exit status: 0, or for a signal what shells give for it.
 */
export function reportTraining(
  trainer: Pick<Trainer, "state" | "args">,
  interrupted: string | undefined,
  task: Pick<Task, "textColumns">,
): number {
  const { logHistory, globalStep, maxSteps } = trainer.state;
  const { outputDir, saveStrategy } = trainer.args;
  const last = logHistory.findLast((row) => row.eval_loss !== undefined);
  const metrics = Object.keys(last ?? {}).filter((key) => isMetric(key) && key !== "eval_loss");
  if (last) console.log(`\n${resultsTable(logHistory, metrics)}\n`);
  if (interrupted) console.log(`Ended by ${interrupted} after step ${globalStep} of ${maxSteps}.`);
  const pair = task.textColumns.length > 1 ? ' --pair "..."' : "";
  if (saveStrategy !== "no") {
    console.log(`The model is in ${outputDir}\n\nTry it\n  attune predict --model ${outputDir} --text "..."${pair}`);
  }
  return interrupted === undefined ? 0 : 128 + (constants.signals[interrupted as NodeJS.Signals] ?? 0);
}
