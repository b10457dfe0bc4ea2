// Parquet files for tests, written by hyparquet-writer: an implementation that is not ours.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ColumnSource, ParquetWriteOptions } from "hyparquet-writer";
import { parquetWriteBuffer } from "hyparquet-writer";
import { onTestFinished } from "vitest";

/** A Parquet file's bytes. */
export function parquet(columnData: ColumnSource[], options: Partial<ParquetWriteOptions> = {}): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData, ...options }));
}

/** The metadata with which the Hub's libraries describe features. */
export function huggingface(features: object): { kvMetadata: { key: string; value: string }[] } {
  return { kvMetadata: [{ key: "huggingface", value: JSON.stringify({ info: { features } }) }] };
}

/** A folder with the files given, by their paths; it is removed after the test. */
export async function folderOf(files: Readonly<Record<string, Uint8Array | string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "attune-datasets-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

/** Texts and labels, `rows` of them from `first` on. */
export function reviews(rows: number, first = 0): Uint8Array {
  const numbers = Array.from({ length: rows }, (_, i) => first + i);
  return parquet([
    { name: "text", data: numbers.map((i) => `review ${i}`), type: "STRING" },
    { name: "label", data: numbers.map((i) => BigInt(i % 2)), type: "INT64" },
  ]);
}
