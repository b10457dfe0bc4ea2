// Writing the zip archives of torch.save: entries stored as they are, each entry's data at a multiple of 64 bytes, so that
// torch can map a file into memory. Fields are 64 bits wide where the file needs it.
import { crc32 } from "./crc32.js";

/** An entry to be written; `data` is called when its turn comes. */
export interface EntryToWrite {
  readonly name: string;
  readonly data: () => Uint8Array | Promise<Uint8Array>;
}

const ALIGNMENT = 64;
const UTF8_NAMES = 0x0800;
const SATURATED = 0xffffffff;

/**
 * The archive's bytes, an entry after the other, then the directory.
 * @param wideFrom the size or offset from which on fields are 64 bits wide; lower than the format's only in tests
 */
export async function* zipArchive(entries: Iterable<EntryToWrite>, wideFrom = SATURATED): AsyncGenerator<Uint8Array> {
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const entry of entries) {
    const name = new TextEncoder().encode(entry.name);
    const data = await entry.data();
    const place: Place = { name, size: data.length, crc: crc32(data), at, wideFrom };
    const header = localHeader(place);
    directory.push(directoryEntry(place));
    yield header;
    yield data;
    at += header.length + data.length;
  }
  yield* directory;
  const length = directory.reduce((sum, { byteLength }) => sum + byteLength, 0);
  yield endOf(directory.length, length, at, wideFrom);
}

/** An entry in the archive. */
interface Place {
  readonly name: Uint8Array;
  readonly size: number;
  readonly crc: number;
  readonly at: number;
  readonly wideFrom: number;
}

/** Fields little-endian, one after the other: [bytes, value] each. */
function fields(...list: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Uint8Array {
  const bytes = new Uint8Array(list.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of list) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

function localHeader({ name, size, crc, at, wideFrom }: Place): Uint8Array {
  const wide = size >= wideFrom;
  const extra64 = wide ? fields([2, 1], [2, 16], [8, size], [8, size]) : new Uint8Array(0);
  const unpadded = at + 30 + name.length + extra64.length + 4;
  const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT;
  const narrowSize = wide ? SATURATED : size;
  return Buffer.concat([
    fields([4, 0x04034b50], [2, wide ? 45 : 0], [2, UTF8_NAMES], [2, 0], [4, 0], [4, crc]),
    fields([4, narrowSize], [4, narrowSize], [2, name.length], [2, extra64.length + 4 + padding]),
    name,
    extra64,
    fields([2, 0x4246], [2, padding]), // "FB", as torch's own padding is marked
    new Uint8Array(padding),
  ]);
}

function directoryEntry({ name, size, crc, at, wideFrom }: Place): Uint8Array {
  const wide: [8, number][] = [];
  if (size >= wideFrom) wide.push([8, size], [8, size]);
  if (at >= wideFrom) wide.push([8, at]);
  const extra =
    wide.length > 0 ? Buffer.concat([fields([2, 1], [2, 8 * wide.length]), fields(...wide)]) : new Uint8Array(0);
  const narrowSize = size >= wideFrom ? SATURATED : size;
  return Buffer.concat([
    fields([4, 0x02014b50], [2, 0], [2, wide.length > 0 ? 45 : 0], [2, UTF8_NAMES], [2, 0], [4, 0], [4, crc]),
    fields([4, narrowSize], [4, narrowSize], [2, name.length], [2, extra.length], [2, 0], [2, 0], [2, 0], [4, 0]),
    fields([4, at >= wideFrom ? SATURATED : at]),
    name,
    extra,
  ]);
}

function endOf(count: number, length: number, at: number, wideFrom: number): Uint8Array {
  const wide = count >= 0xffff || length >= wideFrom || at >= wideFrom;
  const narrow = (value: number, most: number): number => (wide ? most : value);
  const end = fields(
    [4, 0x06054b50],
    [4, 0],
    [2, narrow(count, 0xffff)],
    [2, narrow(count, 0xffff)],
    [4, narrow(length, SATURATED)],
    [4, narrow(at, SATURATED)],
    [2, 0],
  );
  if (!wide) return end;
  return Buffer.concat([
    fields([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, length], [8, at]),
    fields([4, 0x07064b50], [4, 0], [8, at + length], [4, 1]),
    end,
  ]);
}
