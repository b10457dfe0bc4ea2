// The zip archives that torch.save writes: entries stored as they are, nothing compressed, 64-bit fields where a file is
// larger than 4 GiB. Only the directory at the end is read; an entry's data is read by its range.
// Layout: APPNOTE.TXT of PKWARE, sections 4.3.7 (local header), 4.3.12 (directory), 4.3.14 to 4.3.16 (its end).
import type { FileHandle } from "node:fs/promises";
import { FileFormatError } from "../../support/errors.js";
import { readRange } from "../read-range.js";

export interface ZipEntry {
  readonly name: string;
  readonly byteLength: number;
  /** Where its local header begins; the data comes after it. */
  readonly headerAt: number;
  /** Whether its bytes stand in the file as they are, neither compressed nor encrypted; others cannot be read. */
  readonly stored: boolean;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const LOCATOR_64 = 0x07064b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
const LOCAL_BYTES = 30;
const SATURATED = 0xffffffff;
/** The end record, and the longest comment that may follow it. */
const MAX_END_BYTES = 22 + 65535;
/** Far more than any checkpoint's: a hundred thousand entries take less. */
const MAX_DIRECTORY_BYTES = 1 << 26;

/**
 * The entries of an archive, by name.
 * @throws FileFormatError for what is no zip archive, is truncated, or does not agree with its size
 */
export async function readZipDirectory(path: string, file: FileHandle, size: number): Promise<Map<string, ZipEntry>> {
  const damaged = (what: string) =>
    new FileFormatError(`${path} is damaged or truncated: ${what}. Copy or download it again`);
  const tailAt = Math.max(0, size - MAX_END_BYTES);
  const tail = await readRange(path, file, tailAt, size - tailAt, "the end of the archive");
  const endAt = lastSignature(tail, END);
  if (endAt === undefined) throw damaged("it has no zip directory at its end");
  let { offset, length, count } = directoryPlace(tail, endAt);
  if (offset === SATURATED || length === SATURATED || count === 0xffff) {
    const place = await directoryPlace64(path, file, tail, endAt);
    if (!place) throw damaged("the place of its zip directory is missing");
    ({ offset, length, count } = place);
  }
  if (!(offset + length <= size) || length > MAX_DIRECTORY_BYTES) throw damaged("its zip directory lies outside of it");
  const directory = await readRange(path, file, offset, length, "the zip directory");
  const entries = new Map<string, ZipEntry>();
  const view = viewOf(directory);
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > length || view.getUint32(at, true) !== DIRECTORY)
      throw damaged(`entry ${i} of its directory is missing`);
    const [flags, method] = [view.getUint16(at + 8, true), view.getUint16(at + 10, true)];
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > length) throw damaged(`entry ${i} of its directory is cut off`);
    const name = new TextDecoder().decode(directory.subarray(at + 46, at + 46 + nameLength));
    const stored = method === 0 && (flags & 1) === 0;
    const sizes = {
      compressed: view.getUint32(at + 20, true),
      plain: view.getUint32(at + 24, true),
      header: view.getUint32(at + 42, true),
    };
    widen(sizes, directory.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength));
    if ((stored && sizes.compressed !== sizes.plain) || !(sizes.header + LOCAL_BYTES + sizes.compressed <= size)) {
      throw damaged(`${name} lies outside of it`);
    }
    if (entries.has(name)) throw damaged(`it holds ${name} twice`);
    entries.set(name, { name, byteLength: sizes.plain, headerAt: sizes.header, stored });
    at = next;
  }
  return entries;
}

/**
 * Where an entry's data begins.
 * @throws FileFormatError where it is compressed, its local header is not there, or the data does not fit
 */
export async function dataBegin(path: string, file: FileHandle, size: number, entry: ZipEntry): Promise<number> {
  if (!entry.stored) {
    throw new FileFormatError(
      `${path}: ${entry.name} is compressed or encrypted; torch.save stores entries as they are`,
    );
  }
  const header = viewOf(await readRange(path, file, entry.headerAt, LOCAL_BYTES, `the header of ${entry.name}`));
  const begin = entry.headerAt + LOCAL_BYTES + header.getUint16(26, true) + header.getUint16(28, true);
  if (header.getUint32(0, true) !== LOCAL || begin + entry.byteLength > size) {
    throw new FileFormatError(`${path} is damaged or truncated: ${entry.name} is not where its directory says`);
  }
  return begin;
}

interface DirectoryPlace {
  offset: number;
  length: number;
  count: number;
}

function directoryPlace(tail: Uint8Array, at: number): DirectoryPlace {
  const view = viewOf(tail);
  return {
    count: view.getUint16(at + 10, true),
    length: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
  };
}

/** The 64-bit record that the locator before the end record points to. */
async function directoryPlace64(
  path: string,
  file: FileHandle,
  tail: Uint8Array,
  endAt: number,
): Promise<DirectoryPlace | undefined> {
  const locatorAt = endAt - 20;
  if (locatorAt < 0 || viewOf(tail).getUint32(locatorAt, true) !== LOCATOR_64) return undefined;
  const recordAt = Number(viewOf(tail).getBigUint64(locatorAt + 8, true));
  if (!Number.isSafeInteger(recordAt)) return undefined;
  const record = viewOf(await readRange(path, file, recordAt, 56, "the zip directory's place"));
  if (record.getUint32(0, true) !== END_64) return undefined;
  return {
    count: Number(record.getBigUint64(32, true)),
    length: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  };
}

/** Replaces saturated 32-bit fields by those of the 64-bit extra field (id 1), which holds them in this order. */
function widen(sizes: { compressed: number; plain: number; header: number }, extra: Uint8Array): void {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const [id, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (id === 1) {
      let field = at + 4;
      for (const key of ["plain", "compressed", "header"] as const) {
        if (sizes[key] !== SATURATED || field + 8 > Math.min(at + 4 + length, extra.length)) continue;
        sizes[key] = Number(view.getBigUint64(field, true));
        field += 8;
      }
    }
    at += 4 + length;
  }
}

function lastSignature(bytes: Uint8Array, signature: number): number | undefined {
  const view = viewOf(bytes);
  for (let at = bytes.length - 22; at >= 0; at--) if (view.getUint32(at, true) === signature) return at;
  return undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
