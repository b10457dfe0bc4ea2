// Safetensors files put together byte by byte from the format's description, not by the code under test.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect } from "vitest";
import { FileFormatError } from "../../src/support/errors.js";

/** A folder that lives as long as the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "attune-checkpoint-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Length, header, data: the whole of the format. */
export function fileBytes(header: unknown, data: Uint8Array = new Uint8Array(0)): Buffer {
  const json = typeof header === "string" ? Buffer.from(header) : Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.byteLength));
  return Buffer.concat([length, json, data]);
}

/** Writes such a file and gives its path. */
export function writeFileBytes(folder: string, name: string, header: unknown, data?: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, fileBytes(header, data));
  return path;
}

/** The FileFormatError that a promise ends with; anything else fails the test. */
export async function formatError(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => new Error("it did not fail"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FileFormatError);
  return (error as FileFormatError).message;
}

// The file that safetensors 0.8.0 (Rust, called from Python) writes for the tensors of `TENSORS`.
export const WRITTEN_BY_RUST = Buffer.from(
  [
    "sAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJwdCJ9LCIxMCI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6",
    "WzAsMTZdfSwiZiI6eyJkdHlwZSI6IkY2NCIsInNoYXBlIjpbMV0sImRhdGFfb2Zmc2V0cyI6WzE2LDI0XX0sIjIiOnsiZHR5cGUiOiJGMzIiLCJzaGFw",
    "ZSI6WzAsM10sImRhdGFfb2Zmc2V0cyI6WzI0LDI0XX0sImIiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsMl0sImRhdGFfb2Zmc2V0cyI6WzI0LDQw",
    "XX0sImEiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls0MCw0Nl19LCJ1Ijp7ImR0eXBlIjoiVTgiLCJzaGFwZSI6WzNd",
    "LCJkYXRhX29mZnNldHMiOls0Niw0OV19LCLDqVwiXG7igKgiOnsiZHR5cGUiOiJCT09MIiwic2hhcGUiOltdLCJkYXRhX29mZnNldHMiOls0OSw1MF19",
    "fSAgICAHAAAAAAAAAP///////////Knx0k1iUD8AAMA/AAAAwAAAQEAAAIBAADj/ewCAAQIDAQ==",
  ].join(""),
  "base64",
);

export const TENSORS = [
  { name: "b", dtype: "F32", shape: [2, 2], values: new Float32Array([1.5, -2, 3, 4]) },
  { name: "10", dtype: "I64", shape: [2], values: new BigInt64Array([7n, -1n]) },
  { name: "a", dtype: "F16", shape: [3], values: new Uint16Array([0x3800, 0x7bff, 0x8000]) }, // 0.5, 65504, -0
  { name: 'é"\n\u2028', dtype: "BOOL", shape: [], values: new Uint8Array([1]) },
  { name: "2", dtype: "F32", shape: [0, 3], values: new Float32Array(0) },
  { name: "f", dtype: "F64", shape: [1], values: new Float64Array([1e-3]) },
  { name: "u", dtype: "U8", shape: [3], values: new Uint8Array([1, 2, 3]) },
] as const;
