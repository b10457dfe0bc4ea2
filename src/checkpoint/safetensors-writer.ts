// Writing safetensors files: the header first, then one tensor after the other as its data comes, in the order and
// layout of the Rust writer (safetensors/src/tensor.rs, prepare), so equal tensors give equal files.
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError } from "../support/errors.js";
import { compareDtypes, isSafetensorsDtype, type SafetensorsDtype, tensorBytes } from "./dtypes.js";
import { MAX_HEADER_BYTES } from "./safetensors.js";

/** A tensor to be written; `data` is called once, when its turn comes, and gives its bytes row-major, little-endian. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly data: () => ArrayBufferView | Promise<ArrayBufferView>;
}

/**
 * Writes tensors to a safetensors file, atomically: the file is there whole, or the old one stays. Only one tensor's
 * data is asked for at a time.
 *
 * @param metadata the header's `__metadata__`; `format: "pt"` is what transformers expects
 * @throws ConfigError for a name given twice, an unknown dtype, an impossible shape; AttuneError, naming the path, where
 *   writing fails or a tensor's data has not the bytes that its dtype and shape take
 */
export async function writeSafetensors(
  path: string,
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Promise<void> {
  const sorted = [...tensors].sort((a, b) => compareDtypes(a.dtype, b.dtype) || compareNames(a.name, b.name));
  const sizes = sorted.map((tensor) => checkedBytes(path, tensor));
  const header = buildHeader(path, sorted, sizes, metadata);
  await writeFileAtomic(path, content(header, sorted, sizes));
}

async function* content(
  header: Uint8Array,
  tensors: readonly TensorToWrite[],
  sizes: readonly number[],
): AsyncGenerator<Uint8Array> {
  yield header;
  for (const [i, tensor] of tensors.entries()) {
    const data = await tensor.data();
    if (data.byteLength !== sizes[i]) {
      throw new ConfigError(
        `tensor ${tensor.name}, ${tensor.dtype} of shape [${tensor.shape.join(", ")}], takes ${sizes[i]} bytes, and its data has ${data.byteLength}`,
      );
    }
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}

function checkedBytes(path: string, { name, dtype, shape }: TensorToWrite): number {
  if (name === "__metadata__") {
    throw new ConfigError(`Cannot write ${path}: a tensor may not be named __metadata__, the format uses that name`);
  }
  if (!isSafetensorsDtype(dtype))
    throw new ConfigError(`Cannot write ${path}: tensor ${name} has unknown dtype ${dtype}`);
  const bytes = shape.every((size) => Number.isSafeInteger(size) && size >= 0) ? tensorBytes(dtype, shape) : undefined;
  if (bytes === undefined) {
    throw new ConfigError(
      `Cannot write ${path}: tensor ${name} has the impossible shape [${shape.join(", ")}] for ${dtype}`,
    );
  }
  return bytes;
}

/** Length and JSON header, padded with spaces so that the data starts at a multiple of 8. */
function buildHeader(
  path: string,
  tensors: readonly TensorToWrite[],
  sizes: readonly number[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // Joined by hand: an object would move names that are whole numbers to its front.
  const entries = Object.keys(metadata).length === 0 ? [] : [`"__metadata__":${JSON.stringify(metadata)}`];
  const seen = new Set<string>();
  let offset = 0;
  for (const [i, { name, dtype, shape }] of tensors.entries()) {
    if (seen.has(name)) throw new ConfigError(`Cannot write ${path}: two tensors are named ${name}`);
    seen.add(name);
    entries.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, offset + sizes[i]] })}`,
    );
    offset += sizes[i];
  }
  const json = new TextEncoder().encode(`{${entries.join(",")}}`);
  const length = Math.ceil(json.byteLength / 8) * 8;
  if (length > MAX_HEADER_BYTES) {
    throw new ConfigError(
      `Cannot write ${path}: its header would take ${length} bytes, and the format allows ${MAX_HEADER_BYTES}`,
    );
  }
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}

/** Order of the names' UTF-8 bytes, which for characters beyond U+FFFF is not JavaScript's own. */
function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
