// Opening a checkpoint's file, and reading a run of its bytes, whole or not at all.
import { type FileHandle, open } from "node:fs/promises";
import { FileFormatError } from "../support/errors.js";

const MAX_READ_BYTES = 1 << 28; // one read call ends at 2 GiB on every system; this stays far below

/**
 * Opens a file and gives it to `read` with its size; where that throws, the file is closed again.
 *
 * @throws FileFormatError naming the path, where there is no such file or it is something else
 */
export async function openFile<Opened>(
  path: string,
  read: (file: FileHandle, size: number) => Promise<Opened>,
): Promise<Opened> {
  const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === "ENOENT" ? "there is no such file" : error.message;
    throw new FileFormatError(`Cannot open ${path}: ${reason}`, { cause: error });
  });
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new FileFormatError(`Cannot read ${path}: it is not a file`);
    return await read(file, status.size);
  } catch (error) {
    await file.close();
    throw error;
  }
}

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
