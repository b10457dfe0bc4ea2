// Every point of figures as CSV, a row for each.
import type { Run } from "../runs/index.js";

const ROWS_TOGETHER = 2000;

export function* csvOf(runs: readonly Run[], keys: readonly string[]): Generator<string> {
  yield "run,figure,step,seconds,tokens,epoch,value\n";
  for (const { id, history } of runs) {
    for (const key of keys) {
      const series = history.series(key);
      if (!series) continue;
      const { steps, seconds, tokens, epochs, values } = series;
      const head = `${quote(id)},${quote(key)}`;
      let text = "";
      for (let i = 0; i < values.length; i++) {
        text += `${head},${steps[i]},${known(seconds[i])},${known(tokens[i])},${known(epochs[i])},${values[i]}\n`;
        if ((i + 1) % ROWS_TOGETHER !== 0) continue;
        yield text;
        text = "";
      }
      if (text !== "") yield text;
    }
  }
}

function known(value: number): string {
  return Number.isNaN(value) ? "" : String(value);
}

/** A text that a spreadsheet would take for a formula is not taken for one. */
function quote(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
