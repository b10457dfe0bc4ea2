// Files that torch.load reads, in the layout of torch.save (reader.ts describes it).
import { basename, extname } from "node:path";
import { writeFileAtomic } from "../../support/atomic.js";
import { ConfigError } from "../../support/errors.js";
import { type PickledStorage, pickle } from "./pickle.js";
import type { TorchWritable } from "./values.js";
import { type EntryToWrite, zipArchive } from "./zip-writer.js";

/**
 * Writes `value` to `path`, atomically: the file is there whole, or the old one stays. Only one tensor's data is asked
 * for at a time.
 *
 * @throws ConfigError for values and dtypes that torch's files do not hold, or a tensor whose data has not the bytes that
 *   its dtype and shape take; AttuneError, naming the path, where writing fails
 */
export async function writeTorchFile(path: string, value: TorchWritable): Promise<void> {
  const { bytes, storages } = pickle(value);
  const folder = basename(path, extname(path)) || "archive";
  const text = (name: string, content: string): EntryToWrite => ({
    name: `${folder}/${name}`,
    data: () => new TextEncoder().encode(content),
  });
  await writeFileAtomic(
    path,
    zipArchive([
      { name: `${folder}/data.pkl`, data: () => bytes },
      text(".format_version", "1"),
      text(".storage_alignment", "64"),
      text("byteorder", "little"),
      ...storages.map((storage) => ({ name: `${folder}/data/${storage.key}`, data: () => dataOf(storage) })),
      text("version", "3\n"),
    ]),
  );
}

async function dataOf({ tensor, byteLength }: PickledStorage): Promise<Uint8Array> {
  const data = await tensor.data();
  if (data.byteLength !== byteLength) {
    throw new ConfigError(
      `a tensor of ${tensor.dtype} and shape [${tensor.shape.join(", ")}] takes ${byteLength} bytes, and its data has ${data.byteLength}`,
    );
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
