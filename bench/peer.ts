// Peers in Python: their interpreter, and those that are asked once, a script of bench/peers with one JSON object to it and one
// from it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The Python that peers run in: `given`, or what ATTUNE_BENCH_PYTHON names, or that of bench/.venv.
 * @param instead What else may be done where it is not there: ", or pass --no-peer".
 * @throws Error where it is not there
 */
export function peerPython(given = process.env.ATTUNE_BENCH_PYTHON, instead = ""): string {
  const python = given ?? fileURLToPath(new URL(".venv/bin/python", import.meta.url));
  if (!existsSync(python)) throw new Error(`${python} is not there: run bench/setup.sh first${instead}`);
  return python;
}

/**
 * Asks a script. @param python As for peerPython.
 * @throws Error with what the script said, where it fails
 */
export function askPeer<Answer>(script: string, request: unknown, python?: string): Answer {
  const interpreter = peerPython(python);
  const path = fileURLToPath(new URL(`peers/${script}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(interpreter, [path], {
    input: JSON.stringify(request),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
    env: { ...process.env, HF_HUB_OFFLINE: "1", TOKENIZERS_PARALLELISM: "false" },
  });
  if (status !== 0) throw new Error(`${script} failed:\n${stderr}`);
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Answer;
}

/** The largest difference of two tables of numbers; NaN where there is one. @throws Error where their shapes differ */
export function largestDifference(ours: readonly ArrayLike<number>[], theirs: readonly ArrayLike<number>[]): number {
  if (ours.length !== theirs.length) throw new Error(`${ours.length} rows, and ${theirs.length}`);
  let worst = 0;
  for (const [i, row] of ours.entries()) {
    if (row.length !== theirs[i].length) throw new Error(`row ${i} has ${row.length} columns, and ${theirs[i].length}`);
    for (let j = 0; j < row.length; j++) {
      const difference = Math.abs(row[j] - theirs[i][j]);
      if (!(difference <= worst)) worst = difference; // stays at a NaN: nothing is larger
    }
  }
  return worst;
}

/** Says a figure, and fails the run where it is more than what is allowed. */
export function report(what: string, difference: number, allowed: number): void {
  const fits = difference <= allowed;
  console.log(
    `${fits ? "same" : "DIFFERS"}  ${what}: at most ${difference.toExponential(1)} apart (allowed ${allowed.toExponential(1)})`,
  );
  if (!fits) process.exitCode = 1;
}
