// TensorBoard's event files: records of length, masked checksum, protobuf message, masked checksum (tensorboard:
// record_writer.py, event.proto, summary.proto). Only what a log needs of them: scalars, text and histograms.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Histogram } from "./histogram.js";
import { double, doubles, float, message, text, varint } from "./protobuf.js";

let made = 0;

export class EventFile {
  readonly path: string;
  readonly #file: number;

  private constructor(path: string) {
    this.path = path;
    this.#file = openSync(path, "a");
    this.#write([double(1, now()), text(3, "brain.Event:2")]);
  }

  /** A new file in `folder`, named as TensorBoard wants it. */
  static in(folder: string): EventFile {
    mkdirSync(folder, { recursive: true });
    const seconds = String(Math.floor(now())).padStart(10, "0");
    return new EventFile(join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${made++}`));
  }

  /** A new file in a folder of its own beneath `folder`, named after the time, as Python names it. */
  static create(folder: string): EventFile {
    const time = new Date();
    const two = (value: number) => String(value).padStart(2, "0");
    const month = time.toLocaleString("en", { month: "short" });
    const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join("-");
    return EventFile.in(join(folder, `${month}${two(time.getDate())}_${clock}_${hostname()}`));
  }

  addScalar(tag: string, value: number, step: number): void {
    this.#addValue(step, [text(1, tag), float(2, value)]);
  }

  addText(tag: string, content: string, step: number): void {
    const plugin = message(1, [text(1, "text")]);
    const shape = message(2, [message(2, [varint(1, 1)])]);
    const tensor = [varint(1, 7), shape, text(8, content)]; // 7: DT_STRING
    this.#addValue(step, [text(1, `${tag}/text_summary`), message(9, [plugin]), message(8, tensor)]);
  }

  addHistogram(tag: string, { min, max, count, sum, sumOfSquares, limits, counts }: Histogram, step: number): void {
    const fields = [double(1, min), double(2, max), double(3, count), double(4, sum), double(5, sumOfSquares)];
    this.#addValue(step, [text(1, tag), message(5, [...fields, doubles(6, limits), doubles(7, counts)])]);
  }

  close(): void {
    closeSync(this.#file);
  }

  #addValue(step: number, value: readonly Uint8Array[]): void {
    this.#write([double(1, now()), varint(2, step), message(5, [message(1, value)])]);
  }

  #write(fields: readonly Uint8Array[]): void {
    const data = Buffer.concat(fields);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(data.length));
    writeSync(this.#file, Buffer.concat([length, masked(length), data, masked(data)]));
  }
}

function now(): number {
  return Date.now() / 1000;
}

let table: Uint32Array | undefined;

/** CRC-32 of Castagnoli, rotated and shifted as TensorFlow's records have it. */
function masked(data: Uint8Array): Uint8Array {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0x82f63b78 : rest >>> 1;
    return rest;
  });
  let crc = 0xffffffff;
  for (const byte of data) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  crc = ~crc >>> 0;
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return bytes;
}
