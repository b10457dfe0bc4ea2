// Standard error as log lines and progress share it: at most one live line (a progress display) stands at the bottom,
// and every other line is printed above it.

/** The part of a write stream that the display needs; `process.stderr` is one. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** One output stream and the live lines on it; the newest is shown, the ones beneath it come back when it ends. */
export class Terminal {
  readonly #stream: TextStream;
  readonly #live: (() => string)[] = [];

  constructor(stream: TextStream) {
    this.#stream = stream;
  }

  /** True where a line can be rewritten in place. */
  get isInteractive(): boolean {
    return this.#stream.isTTY === true && process.env.TERM !== "dumb";
  }

  /** Prints a line, above the live line if there is one. */
  writeLine(line: string): void {
    if (this.#live.length === 0) {
      this.#stream.write(`${line}\n`);
      return;
    }
    this.#stream.write(`\r\x1b[K${line}\n`);
    this.redraw();
  }

  /** Adds a live line; `render` gives its text at each redraw. */
  addLive(render: () => string): void {
    this.#live.push(render);
    this.redraw();
  }

  /** Removes a live line and clears it from the screen. */
  removeLive(render: () => string): void {
    const index = this.#live.indexOf(render);
    if (index < 0) return;
    this.#live.splice(index, 1);
    this.#stream.write("\r\x1b[K");
    this.redraw();
  }

  /** Draws the newest live line again, cut to the width of the terminal (a wrapped line could not be rewritten). */
  redraw(): void {
    const render = this.#live.at(-1);
    if (render) this.#stream.write(`\r${cutToWidth(render(), this.columns - 1)}\x1b[K`);
  }

  /** Width in columns; 80 where it is unknown. */
  get columns(): number {
    return this.#stream.columns || 80;
  }
}

/** Standard error. */
export const terminal = new Terminal(process.stderr);

/** Columns that `text` takes on a terminal: two for East Asian wide characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

/** The longest beginning of `text` that takes at most `columns` columns. */
export function cutToWidth(text: string, columns: number): string {
  let width = 0;
  let end = 0;
  for (const character of text) {
    width += characterWidth(character);
    if (width > columns) return text.slice(0, end);
    end += character.length;
  }
  return text;
}

// The blocks of Unicode's EastAsianWidth.txt whose characters are W or F, coarsely, and pictographs.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

function characterWidth(character: string): number {
  if (/\p{M}|\u200d/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}
