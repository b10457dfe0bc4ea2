// Runs the command line in a process of its own, from its sources, on a checkpoint and a dataset that take a second.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parquetWriteBuffer } from "hyparquet-writer";
import { sentences, tinyModel, tokenizer } from "../trainer/tiny.js";

export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));
const main = join(projectRoot, "src/cli/main.ts");

export interface Run {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What Node is run by: ["prlimit", "--fsize=1000"]. */
  readonly wrapper?: readonly string[];
  /** Called with what stands on standard output so far. */
  readonly onStdout?: (text: string, child: ChildProcess) => void;
  /** Called with what stands on standard error so far. */
  readonly onStderr?: (text: string, child: ChildProcess) => void;
  /** Called with the process when it has been started. */
  readonly onStart?: (child: ChildProcess) => void;
  /** Arguments of Node before the script. */
  readonly nodeArguments?: readonly string[];
}

/** `attune` with these arguments. */
export function attune(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  return program([main, ...args], options);
}

/** A TypeScript file with arguments, as `npx tsx` would run it. */
export function program(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const { wrapper = [], nodeArguments = [] } = options;
  const [command, ...rest] = [...wrapper, process.execPath, ...nodeArguments, "--import", "tsx", ...args];
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, { cwd: projectRoot, env: { ...process.env, ...options.env } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      options.onStdout?.(stdout, child);
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
      options.onStderr?.(stderr, child);
    });
    child.on("error", reject);
    child.on("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
    options.onStart?.(child);
    child.stdin.on("error", () => undefined); // a program that ends without reading
    child.stdin.end(options.input ?? "");
  });
}

/** Writes a checkpoint of the tiny BERT and its tokenizer. */
export async function writeCheckpoint(folder: string): Promise<void> {
  await tinyModel().savePretrained(folder);
  await tokenizer.savePretrained(folder);
}

/** Writes a dataset of sentences in the Hub's layout: `text`, `feeling` (a ClassLabel) and `id`. */
export function writeDataset(folder: string, splits: Readonly<Record<string, number>>): void {
  mkdirSync(folder, { recursive: true });
  const features = {
    text: { dtype: "string", _type: "Value" },
    feeling: { names: ["fine", "bad"], _type: "ClassLabel" },
    id: { dtype: "int32", _type: "Value" },
  };
  for (const [split, count] of Object.entries(splits)) {
    const rows = sentences(count);
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: "text", data: rows.map((row) => row.text), type: "STRING" },
        { name: "feeling", data: rows.map((row) => BigInt(row.label)), type: "INT64" },
        { name: "id", data: rows.map((_, i) => i), type: "INT32" },
      ],
      kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }],
    });
    writeFileSync(join(folder, `${split}.parquet`), new Uint8Array(buffer));
  }
}
