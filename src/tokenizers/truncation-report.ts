// Says what truncation has cut off: not at every call, of which a map makes many, but once calls have ceased for a moment.
import { info } from "../support/log.js";
import type { TruncationCounts } from "./assemble.js";

/** Calls that follow each other within this time are reported together. */
const QUIET_MS = 1000;

/** What was cut to one length, since it was said last; `texts` were asked to be. */
interface Report {
  texts: number;
  rows: number;
  tokens: number;
  longest: number;
}

const reports = new Map<number, Report>();
let timer: NodeJS.Timeout | undefined;

/** Adds what a call of `texts` texts, or pairs, cut to `length` tokens, to what will be said. */
export function reportTruncation(counts: TruncationCounts, texts: number, length: number): void {
  const report = reports.get(length) ?? { texts: 0, rows: 0, tokens: 0, longest: 0 };
  report.texts += texts;
  report.rows += counts.rows;
  report.tokens += counts.tokens;
  report.longest = Math.max(report.longest, counts.longest);
  reports.set(length, report);
  if (report.rows === 0) return;
  if (timer) timer.refresh();
  else {
    timer = setTimeout(sayTruncation, QUIET_MS).unref(); // it keeps no process alive, so what is left is said at exit
    process.once("exit", sayTruncation);
  }
}

/** Says what has been cut since it was said last. */
export function sayTruncation(): void {
  clearTimeout(timer);
  timer = undefined;
  process.off("exit", sayTruncation);
  for (const [length, { texts, rows, tokens, longest }] of reports) {
    if (rows === 0) continue;
    const lost = tokens > 0 ? `${tokens} tokens are lost` : "what was cut off is in further rows";
    info(`truncation to ${length} tokens cut ${rows} of ${texts} texts: ${lost}; the longest had ${longest}`);
  }
  reports.clear();
}
