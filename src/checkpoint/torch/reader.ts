// Files of torch.save: the zip archives that it writes since torch 1.6, and the plain files of before, which most of the
// older checkpoints on the Hub are. Pickles are read by the restricted machine of unpickle.ts; tensors when asked for.
//
// Archive (torch/serialization.py, _save): NAME/data.pkl, NAME/byteorder, NAME/data/KEY with a storage's bytes each.
// Before (_legacy_save): five pickles, which are a magic number, a protocol version, the writer's integer sizes, the
// object, the keys of its storages; then for each key an int64 number of elements and the elements.
import type { FileHandle } from "node:fs/promises";
import { FileFormatError } from "../../support/errors.js";
import { type SafetensorsDtype, tensorBytes } from "../dtypes.js";
import { openFile, readRange } from "../read-range.js";
import type { ReadStorage } from "./tensor-in-file.js";
import { UnfinishedPickleError, unpickle } from "./unpickle.js";
import type { StoredStorage, TorchValue } from "./values.js";
import { torchWorld } from "./world.js";
import { dataBegin, readZipDirectory, type ZipEntry } from "./zip.js";

/** An open file of torch.save; its tensors can be read until it is closed. */
export interface TorchFile extends AsyncDisposable {
  readonly path: string;
  readonly value: TorchValue;
  close(): Promise<void>;
}

const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const LEGACY_PROTOCOL = 1001;
/** A pickle holds names and sizes, no weights: the largest checkpoints' are a few megabytes. */
const MAX_PICKLE_BYTES = 1 << 28;

/**
 * Opens a file that torch.save wrote.
 *
 * @throws UnsafePickleError where it holds more than tensors, numbers, text and containers; nothing of it is executed
 * @throws FileFormatError naming the file, where it is no such file, damaged or truncated
 */
export async function openTorchFile(path: string): Promise<TorchFile> {
  return openFile(path, async (file, size) => {
    const start = new TextDecoder("latin1").decode(await readRange(path, file, 0, Math.min(8, size), "its start"));
    const value = await (start.startsWith("PK\u0003\u0004") ? readArchive : readLegacy)(path, file, size);
    const close = () => file.close();
    return { path, value, close, [Symbol.asyncDispose]: close };
  });
}

async function readArchive(path: string, file: FileHandle, size: number): Promise<TorchValue> {
  const entries = await readZipDirectory(path, file, size);
  const pickles = [...entries.values()].filter(({ name }) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1) {
    throw new FileFormatError(`${path} is a zip archive, but not one of torch.save: it holds no data.pkl in a folder`);
  }
  const [pickle] = pickles;
  const folder = pickle.name.slice(0, -"data.pkl".length);
  if (entries.has(`${folder}constants.pkl`)) {
    throw new FileFormatError(`${path} is a TorchScript archive (torch.jit.save): a program, not weights`);
  }
  const read = async (entry: ZipEntry, begin: number, length: number, what: string): Promise<Uint8Array> =>
    readRange(path, file, (await dataBegin(path, file, size, entry)) + begin, length, what);
  const order = entries.get(`${folder}byteorder`);
  if (
    order &&
    new TextDecoder().decode(await read(order, 0, Math.min(order.byteLength, 16), "byteorder")) !== "little"
  ) {
    throw new FileFormatError(`${path} was written on a big-endian machine, which is not supported`);
  }
  if (pickle.byteLength > MAX_PICKLE_BYTES) throw tooLarge(path, pickle.byteLength);
  const storageOf = (key: string, dtype: SafetensorsDtype, length: number): StoredStorage => {
    const entry = entries.get(`${folder}data/${key}`);
    if (!entry || tensorBytes(dtype, [length]) !== entry.byteLength) {
      throw new FileFormatError(
        `${path} is damaged: storage ${key} of ${length} ${dtype} elements has ${entry ? `${entry.byteLength} bytes` : "no data"}`,
      );
    }
    return { key, dtype, length };
  };
  const readStorage: ReadStorage = ({ key }, begin, length) => {
    const entry = entries.get(`${folder}data/${key}`) as ZipEntry; // storageOf has looked
    return read(entry, begin, length, `storage ${key}`);
  };
  const bytes = await read(pickle, 0, pickle.byteLength, pickle.name);
  return unpickle(path, bytes, torchWorld(path, storageOf, readStorage)).value;
}

async function readLegacy(path: string, file: FileHandle, size: number): Promise<TorchValue> {
  const places = new Map<string, number>(); // where a storage's elements begin
  const storages = new Map<string, StoredStorage>();
  const storageOf = (key: string, dtype: SafetensorsDtype, length: number): StoredStorage => {
    const storage = { key, dtype, length };
    storages.set(key, storage);
    return storage;
  };
  const readStorage: ReadStorage = ({ key }, begin, length) =>
    readRange(path, file, (places.get(key) ?? 0) + begin, length, `storage ${key}`);
  const { value, keys, end } = await readLegacyPickles(path, file, size, torchWorld(path, storageOf, readStorage));
  let at = end;
  for (const key of keys) {
    const storage = storages.get(key);
    const bytes = storage && tensorBytes(storage.dtype, [storage.length]);
    if (!storage || bytes === undefined)
      throw damagedLegacy(path, `it has data for a storage ${key} that nothing uses`);
    if (!(at + 8 + bytes <= size)) throw damagedLegacy(path, `storage ${key} ends beyond its end`);
    const header = await readRange(path, file, at, 8, `the length of storage ${key}`);
    const length = new DataView(header.buffer).getBigInt64(0, true);
    if (length !== BigInt(storage.length)) {
      throw damagedLegacy(path, `storage ${key} has ${length} elements, and its tensors say ${storage.length}`);
    }
    places.set(key, at + 8);
    at += 8 + bytes;
  }
  const lacking = [...storages.keys()].find((key) => !places.has(key));
  if (lacking !== undefined) throw damagedLegacy(path, `storage ${lacking} has no data`);
  return value;
}

/** The pickles at the start of the file: as much of it is read as they take. */
async function readLegacyPickles(
  path: string,
  file: FileHandle,
  size: number,
  world: ReturnType<typeof torchWorld>,
): Promise<{ value: TorchValue; keys: readonly string[]; end: number }> {
  for (let length = Math.min(size, 1 << 20); ; length = Math.min(size, length * 8)) {
    const bytes = await readRange(path, file, 0, length, "its pickles");
    try {
      let end = 0;
      const next = (): TorchValue => {
        const result = unpickle(path, bytes, world, end);
        end = result.end;
        return result.value;
      };
      if (bytes[0] !== 0x80 || next() !== LEGACY_MAGIC || next() !== LEGACY_PROTOCOL) throw notTorch(path);
      const system = next();
      if (!(system instanceof Map) || system.get("little_endian") !== true) {
        throw new FileFormatError(`${path} was written on a big-endian machine, which is not supported`);
      }
      const value = next();
      const keys = next();
      if (!Array.isArray(keys) || !keys.every((key) => typeof key === "string")) {
        throw damagedLegacy(path, "the list of its storages is missing");
      }
      return { value, keys: keys as string[], end };
    } catch (error) {
      if (!(error instanceof UnfinishedPickleError) || length === size) throw error;
      if (length >= MAX_PICKLE_BYTES) throw tooLarge(path, length);
    }
  }
}

function notTorch(path: string): FileFormatError {
  return new FileFormatError(
    `${path} is not a file of torch.save: it is neither a zip archive nor does it start with torch's magic number ` +
      "(a file that another pickle.dump wrote, or a tar archive of a torch older than 0.4, is not read)",
  );
}

function damagedLegacy(path: string, what: string): FileFormatError {
  return new FileFormatError(`${path} is damaged or truncated: ${what}. Copy or download it again`);
}

function tooLarge(path: string, bytes: number): FileFormatError {
  return new FileFormatError(
    `${path}: its pickle takes more than ${bytes} bytes; weights stand beside a pickle, not in it`,
  );
}
