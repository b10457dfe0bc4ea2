// The checksum of zip archives: CRC-32 of IEEE 802.3. Node has it from 20.15 and 22.2 on.
import * as zlib from "node:zlib";

const native = (zlib as { crc32?: (data: Uint8Array, start?: number) => number }).crc32;

export function crc32(data: Uint8Array): number {
  return native ? native(data) : tableCrc32(data);
}

let table: Uint32Array | undefined;

/** A byte a step, from a table of the remainders of all bytes. */
export function tableCrc32(data: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb88320 : remainder >>> 1;
    return remainder;
  });
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}
