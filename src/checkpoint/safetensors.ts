// Reading safetensors files by ranges: the header is read and checked when the file is opened, a tensor's bytes only
// when asked for, so a file may be larger than memory.
//
// Layout (safetensors/README.md and safetensors/src/tensor.rs): 8 bytes header length, little-endian; the header, JSON
// {"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets": [begin, end]}, ...}, may end in spaces;
// then the tensors' bytes without holes or overlap, offsets counted from the end of the header, up to the end of the file.
import type { FileHandle } from "node:fs/promises";
import { FileFormatError, nearest } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { toFloat32, toInt32 } from "./convert.js";
import { isSafetensorsDtype, SAFETENSORS_DTYPES, type SafetensorsDtype, tensorBytes } from "./dtypes.js";
import { duplicateKey } from "./duplicate-key.js";
import { openFile, readRange } from "./read-range.js";

/** What a header says about a tensor. */
export interface TensorInfo {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** Named tensors that can be read one at a time: one file, or a checkpoint of several. */
export interface TensorSource extends AsyncDisposable {
  /** The file or folder, for messages. */
  readonly path: string;
  /** Names of all tensors, in the order of the file. */
  readonly names: readonly string[];
  /** The file's own `__metadata__`, such as `{ format: "pt" }`. */
  readonly metadata: Readonly<Record<string, string>>;
  has(name: string): boolean;
  /** @throws FileFormatError where there is no such tensor, naming the nearest */
  info(name: string): TensorInfo;
  /** The tensor's bytes: little-endian, row-major, in memory of their own. */
  read(name: string): Promise<Uint8Array>;
  /** The tensor as float32. @throws FileFormatError where its dtype is not F32, F16, BF16 or F64 */
  readFloat32(name: string): Promise<Float32Array>;
  /** The tensor as int32. @throws FileFormatError where its dtype is not an integer, or a value does not fit */
  readInt32(name: string): Promise<Int32Array>;
  close(): Promise<void>;
}

/** A tensor and where it lies: `begin` counts from the start of the file. */
interface Entry extends TensorInfo {
  readonly begin: number;
}

const LENGTH_BYTES = 8;
/** safetensors' own limit. */
export const MAX_HEADER_BYTES = 100_000_000;

/**
 * Opens a safetensors file and checks its header against the file's size.
 *
 * @throws FileFormatError naming the file, the tensor and the values, where anything does not agree with the format
 */
export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return openFile(path, async (file, size) => new SafetensorsFile(path, file, await readHeader(path, file, size)));
}

/** An open safetensors file; made by `openSafetensors`. Close it when done, or declare it with `await using`. */
export class SafetensorsFile implements TensorSource {
  readonly path: string;
  readonly names: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #file: FileHandle;
  readonly #entries: ReadonlyMap<string, Entry>;

  constructor(path: string, file: FileHandle, header: Header) {
    this.path = path;
    this.#file = file;
    this.#entries = header.entries;
    this.metadata = header.metadata;
    this.names = [...header.entries.keys()];
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  info(name: string): TensorInfo {
    const { dtype, shape, byteLength } = this.#entry(name);
    return { dtype, shape, byteLength };
  }

  async read(name: string): Promise<Uint8Array> {
    const { begin, byteLength } = this.#entry(name);
    return readRange(this.path, this.#file, begin, byteLength, `tensor ${name}`);
  }

  async readFloat32(name: string): Promise<Float32Array> {
    return this.#convert(name, toFloat32);
  }

  async readInt32(name: string): Promise<Int32Array> {
    return this.#convert(name, toInt32);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #convert<T>(name: string, to: (bytes: Uint8Array, dtype: SafetensorsDtype) => T): Promise<T> {
    const { dtype } = this.#entry(name);
    const bytes = await this.read(name);
    try {
      return to(bytes, dtype);
    } catch (error) {
      throw new FileFormatError(`${this.path}, tensor ${name}: ${(error as Error).message}`, { cause: error });
    }
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new FileFormatError(noSuchTensor(this.path, name, this.names));
    return entry;
  }
}

/** The message for a tensor that a file or checkpoint does not hold. */
export function noSuchTensor(path: string, name: string, names: readonly string[]): string {
  const suggestion = nearest(name, names);
  const hint = suggestion === undefined ? `it holds ${names.length} others` : `did you mean ${suggestion}?`;
  return `${path} holds no tensor ${name}; ${hint}`;
}

interface Header {
  entries: Map<string, Entry>;
  metadata: Record<string, string>;
}

async function readHeader(path: string, file: FileHandle, fileBytes: number): Promise<Header> {
  if (fileBytes < LENGTH_BYTES) {
    throw new FileFormatError(
      `${path} is not a safetensors file: it has ${fileBytes} bytes, and the header's length alone takes ${LENGTH_BYTES}. Copy or download it again`,
    );
  }
  const start = await readRange(path, file, 0, LENGTH_BYTES, "header length");
  const headerBytes = new DataView(start.buffer).getBigUint64(0, true);
  if (headerBytes > BigInt(MAX_HEADER_BYTES)) {
    throw new FileFormatError(
      `${path} is not a safetensors file: ${describeStart(start)}its first 8 bytes give a header of ${headerBytes} bytes, and the format allows ${MAX_HEADER_BYTES}`,
    );
  }
  const length = Number(headerBytes);
  if (LENGTH_BYTES + length > fileBytes) {
    throw new FileFormatError(
      `${path} is damaged or truncated: its header should take ${length} bytes, and only ${fileBytes - LENGTH_BYTES} follow its length. Copy or download it again`,
    );
  }
  const header = parseHeader(path, await readRange(path, file, LENGTH_BYTES, length, "header"));
  return checkHeader(path, header, LENGTH_BYTES + length, fileBytes);
}

/** What a file is that was taken for safetensors, where its first bytes tell. */
function describeStart(start: Uint8Array): string {
  const text = new TextDecoder("latin1").decode(start);
  if (text.startsWith("version ")) {
    return "it looks like a Git LFS pointer (run git lfs pull in its repository to fetch the real file); ";
  }
  if (text.startsWith("PK\u0003\u0004")) return "it looks like a zip archive, as PyTorch's pickle checkpoints are; ";
  return "";
}

/** Header bytes as a JSON object. */
function parseHeader(path: string, bytes: Uint8Array): Record<string, unknown> {
  const damaged = (what: string, cause?: unknown) =>
    new FileFormatError(`The header of ${path} is damaged: ${what}. Copy or download the file again`, { cause });
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw damaged("it is not UTF-8", error);
  }
  if (!text.startsWith("{")) throw damaged(`it starts with ${JSON.stringify(text.slice(0, 1))}, not with "{"`);
  let header: Record<string, unknown>;
  try {
    header = JSON.parse(text) as Record<string, unknown>; // an object, as it starts with "{"
  } catch (error) {
    throw damaged(`it is not JSON (${(error as Error).message})`, error);
  }
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw damaged(`it lists ${duplicate} twice`);
  return header;
}

/** Checks every entry by itself, then that all together cover the data without hole or overlap. */
function checkHeader(path: string, header: Record<string, unknown>, dataBegin: number, fileBytes: number): Header {
  const metadata = checkMetadata(path, header.__metadata__);
  const found: [string, Entry][] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name !== "__metadata__") found.push([name, checkEntry(path, name, value, dataBegin)]);
  }
  const end = (entry: Entry) => entry.begin + entry.byteLength;
  found.sort(([, a], [, b]) => a.begin - b.begin || end(a) - end(b));
  let position = dataBegin;
  for (const [name, entry] of found) {
    if (entry.begin !== position) {
      const what = entry.begin > position ? "leaves a hole" : "overlaps the tensor before it";
      throw new FileFormatError(
        `${path}, tensor ${name}: it ${what}: its data_offsets start at ${entry.begin - dataBegin}, and the data so far ends at ${position - dataBegin}`,
      );
    }
    position = end(entry);
  }
  if (position !== fileBytes) {
    const what = position > fileBytes ? "truncated" : "damaged";
    throw new FileFormatError(
      `${path} is ${what}: its tensors end at byte ${position}, and the file at byte ${fileBytes}. Copy or download it again`,
    );
  }
  return { entries: new Map(found), metadata };
}

function checkMetadata(path: string, value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) {
    throw new FileFormatError(
      `The header of ${path} is damaged: __metadata__ is ${JSON.stringify(value)}, not an object`,
    );
  }
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") {
      throw new FileFormatError(
        `The header of ${path} is damaged: __metadata__ maps ${key} to ${JSON.stringify(text)}, not to a string`,
      );
    }
  }
  return value as Record<string, string>;
}

function checkEntry(path: string, name: string, value: unknown, dataBegin: number): Entry {
  const fail = (what: string) => new FileFormatError(`${path}, tensor ${name}: ${what}`);
  if (!isObject(value)) {
    throw fail(`its entry in the header is ${shown(value)}, not an object`);
  }
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isSafetensorsDtype(dtype)) {
    throw fail(`unknown dtype ${shown(dtype)}; known are ${SAFETENSORS_DTYPES.join(", ")}`);
  }
  if (!isCounts(shape)) throw fail(`its shape is ${shown(shape)}, not a list of sizes`);
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    throw fail(`its data_offsets are ${shown(offsets)}, not [begin, end] with begin <= end`);
  }
  const byteLength = offsets[1] - offsets[0];
  const expected = tensorBytes(dtype, shape);
  if (expected !== byteLength) {
    const takes = expected === undefined ? "no possible number of bytes" : `${expected} bytes`;
    throw fail(
      `${dtype} of shape ${shown(shape)} takes ${takes}, and its data_offsets ${shown(offsets)} give ${byteLength}`,
    );
  }
  return { dtype, shape, byteLength, begin: dataBegin + offsets[0] };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

/** A value of the header in a message, however long it is. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "missing";
  return text.length <= 120 ? text : `${text.slice(0, 120)}...`;
}
