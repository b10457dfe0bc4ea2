// One progress display for all files of a download or an upload: bytes in sum, and how many files are done.
import { Progress } from "../support/progress.js";
import { hubEnvironment } from "./environment.js";

const UNITS = [
  ["GB", 1e9],
  ["MB", 1e6],
  ["kB", 1e3],
  ["bytes", 1],
] as const;

const WORTH_A_LINE = 10e6; // bytes of which the finished display is left on the screen

/** Shows bytes in the unit that suits their sum. `size` is the sum of all sizes that are known. */
export class ByteProgress implements Disposable {
  readonly #progress: Progress;
  readonly #scale: number;
  readonly #files: number;
  #bytes = 0;
  #done = 0;

  constructor(description: string, files: number, size: number) {
    // a unit in which the sum has two digits or more, so that whole numbers of it move
    const [unit, scale] = UNITS.find(([, bytes]) => size >= 10 * bytes) ?? ["bytes", 1];
    this.#scale = scale;
    this.#files = files;
    this.#progress = new Progress({
      description,
      total: Math.round(size / scale),
      unit,
      leave: size >= WORTH_A_LINE,
      ...(hubEnvironment().silent ? { mode: "silent" as const } : {}),
    });
  }

  advance(bytes: number): void {
    this.#bytes += bytes;
    this.#progress.update(Math.round(this.#bytes / this.#scale));
  }

  /** Counts a file as done. */
  fileDone(): void {
    this.#done++;
    if (this.#files > 1) this.#progress.advance(0, { files: `${this.#done}/${this.#files}` });
  }

  [Symbol.dispose](): void {
    this.#progress.end();
  }
}

/** `1234567` -> "1.2 MB". */
export function formatBytes(bytes: number): string {
  const [unit, scale] = UNITS.find(([, size]) => bytes >= size) ?? ["bytes", 1];
  return scale === 1 ? `${bytes} bytes` : `${(bytes / scale).toFixed(1)} ${unit}`;
}
