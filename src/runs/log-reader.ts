// Follows attune_log.jsonl: reads what was appended since it looked last.
import type { FileHandle } from "node:fs/promises";
import { runLogFile } from "../trainer/run-files.js";
import { type Inside, within } from "./inside.js";
import { type KeptContent, LogContent } from "./log-content.js";
import type { LogState, LogStore } from "./log-store.js";

/** What is read at once takes a few milliseconds: a server answers between two of them. */
const CHUNK_BYTES = 512 << 10;
const LINE_END = 0x0a;
/** Of a log that has grown by so much what was read is kept, and only of one so long a first look takes samples. */
const LONG_BYTES = 4 << 20;
const SAMPLES = 48;
const SAMPLE_BYTES = 6 << 10;
const MARK_BYTES = 64;

export class LogReader {
  /** As far as it was read. */
  content = new LogContent();
  readonly #inside: Inside;
  readonly #path: string;
  readonly #store: LogStore | undefined;
  /** Up to where the store has it. */
  #storedTo = 0;
  #offset = 0;
  #inode: number | undefined;

  /** @param run The run's folder, as a path within `inside`. @param store Keeps what was read of long logs. */
  constructor(inside: Inside, run: string, store?: LogStore) {
    this.#store = store;
    this.#inside = inside;
    this.#path = within(run, runLogFile);
  }

  /** Reads what is new. @returns Whether something was. @throws NotThere where the file is not there any more */
  async refresh(): Promise<boolean> {
    const file = await this.#inside.open(this.#path);
    try {
      const { size, ino } = await file.stat();
      const replaced = (this.#inode !== undefined && ino !== this.#inode) || size < this.#offset;
      if (replaced) this.#forget();
      this.#inode = ino;
      const before = this.#offset;
      if (before === 0 && size >= LONG_BYTES) await this.#restore(file, ino, size);
      const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(0, size - this.#offset)));
      while (this.#offset < size) {
        const { bytesRead } = await file.read(chunk, 0, Math.min(chunk.length, size - this.#offset), this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        this.content.take(chunk.subarray(0, bytesRead));
      }
      if (this.#offset - this.#storedTo >= LONG_BYTES) await this.#keepRead(file, ino);
      return replaced || this.#offset > before;
    } finally {
      await file.close();
    }
  }

  /**
   * A first look at a log that is long and not kept: samples of it, and its ends.
   * @returns what they say, its history rough; undefined where there is no reason to
   */
  async glance(): Promise<LogContent | undefined> {
    const file = await this.#inside.open(this.#path);
    try {
      const { size, ino } = await file.stat();
      if (size < LONG_BYTES || (await this.#restore(file, ino, size))) return undefined;
      const samples = await Promise.all(
        Array.from({ length: SAMPLES }, (_, sample) => {
          const position = Math.floor((sample / (SAMPLES - 1)) * (size - SAMPLE_BYTES));
          return file.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, position);
        }),
      );
      const content = new LogContent();
      for (const [sample, { buffer, bytesRead }] of samples.entries()) {
        const bytes = buffer.subarray(0, bytesRead);
        const first = sample > 0 ? bytes.indexOf(LINE_END) + 1 : 0;
        content.takeSample(bytes.subarray(first, bytes.lastIndexOf(LINE_END) + 1));
      }
      content.damaged = 0; // counted when all is read
      return content;
    } finally {
      await file.close();
    }
  }

  /** Goes on from what is kept of this log. */
  async #restore(file: FileHandle, inode: number, size: number): Promise<boolean> {
    const stored = this.#store?.read(this.#inside.place(this.#path));
    if (!stored) return false;
    const { state, history } = stored;
    if (state.inode !== inode || state.offset > size) return false;
    const marks = await marksOf(file, state.offset);
    if (marks.first !== state.first || marks.last !== state.last) return false;
    this.content = LogContent.restore(state.reader as unknown as KeptContent, history);
    this.#inode = inode;
    this.#offset = state.offset;
    this.#storedTo = state.offset;
    return true;
  }

  /** Keeps what was read so far, and lets it go from memory. */
  async #keepRead(file: FileHandle, inode: number): Promise<void> {
    const offset = this.#offset;
    this.#storedTo = offset; // not tried again at once where it fails
    if (!this.#store) return;
    const { content } = this;
    const state: LogState = { inode, offset, ...(await marksOf(file, offset)), reader: { ...content.keep() } };
    const log = this.#inside.place(this.#path);
    await this.#store.write(log, state, content.history);
    const stored = this.#store.read(log);
    if (stored?.state.offset === offset) content.history = stored.history;
  }

  #forget(): void {
    this.content = new LogContent();
    this.#offset = 0;
    this.#storedTo = 0;
  }
}

/** By what a log is known again that was read up to a place. */
async function marksOf(file: FileHandle, offset: number): Promise<Pick<LogState, "first" | "last">> {
  const at = async (position: number) => {
    const bytes = Buffer.alloc(MARK_BYTES);
    const { bytesRead } = await file.read(bytes, 0, MARK_BYTES, position);
    return bytes.toString("base64", 0, bytesRead);
  };
  return { first: await at(0), last: await at(Math.max(0, offset - MARK_BYTES)) };
}
