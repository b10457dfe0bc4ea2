// Reading a run of bytes of an open file, whole or not at all.
import type { FileHandle } from "node:fs/promises";
import { FileFormatError } from "../support/errors.js";

const MAX_READ_BYTES = 1 << 28; // one read call ends at 2 GiB on every system; this stays far below

/** Reads exactly `length` bytes from `position` into memory of their own, in pieces where they are many. */
export async function readRange(
  path: string,
  file: FileHandle,
  position: number,
  length: number,
  what: string,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(length);
  } catch (error) {
    throw new FileFormatError(`${path}: no memory for the ${length} bytes of ${what}`, { cause: error });
  }
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, MAX_READ_BYTES), position + done);
    if (bytesRead === 0) {
      throw new FileFormatError(
        `${path} ended at byte ${position + done} while ${what} was read, which ends at byte ${position + length}; was the file changed meanwhile?`,
      );
    }
    done += bytesRead;
  }
  return bytes;
}
