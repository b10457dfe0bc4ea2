// A chart in characters: curves of Braille dots, eight to a character, points as marks, both axes with their values.
import { displayWidth } from "../../support/terminal.js";
import { type Axis, axisOver } from "./axis.js";
import { type Color, type Ink, paint } from "./ink.js";

export interface Curve {
  readonly x: ArrayLike<number>;
  /** Values that are not finite are gaps. */
  readonly y: ArrayLike<number>;
  readonly color?: Color;
  /** Drawn at each point, in place of a line. */
  readonly mark?: string;
}

export interface ChartOptions {
  /** Characters, axes with them. */
  readonly width: number;
  readonly height: number;
  readonly log?: boolean;
  readonly ink: Ink;
  /** How values of the x axis are written. Default: as numbers. */
  readonly labelX?: (value: number) => string;
  /** From where to where the x axis goes. Default: as far as the curves. */
  readonly x?: readonly [low: number, high: number];
}

/** Characters for labels of the y axis, at least: charts one above the other begin at the same column. */
const MARGIN = 7;

/** Lines of a chart. Where no curve has a finite value, an empty one. */
export function chart(curves: readonly Curve[], options: ChartOptions): string[] {
  const { width, height, log = false, ink, labelX } = options;
  const rows = Math.max(3, height - 2);
  const y = axisOver(valuesOf(curves, log), { most: Math.max(2, Math.ceil(rows / 2)), log });
  const labels = labelRows(y, rows);
  const margin = Math.max(MARGIN, ...[...labels.values()].map((label) => label.length + 1));
  const columns = Math.max(10, width - margin - 1);
  const x = axisOver(options.x ?? positionsOf(curves, log), { most: Math.max(2, Math.floor(columns / 12)) });
  const canvas = new Canvas(columns, rows, ink);
  for (const curve of curves) draw(canvas, curve, x, y, log);
  const [bar, tick, corner, line, down] = ink.unicode ? ["│", "┤", "└", "─", "┬"] : ["|", "+", "+", "-", "+"];
  const body = canvas.lines().map((text, row) => {
    const label = labels.get(row);
    return `${(label ?? "").padStart(margin)}${label === undefined ? bar : tick}${text}`;
  });
  const { marks, names } = ticksOf(x, columns, labelX ?? x.label);
  const base = Array.from({ length: columns }, (_, column) => (marks.has(column) ? down : line)).join("");
  return [...body, `${" ".repeat(margin)}${corner}${base}`, `${" ".repeat(margin + 1)}${names}`].map((text) =>
    text.trimEnd(),
  );
}

const isShown = (value: number, log: boolean): boolean => Number.isFinite(value) && (!log || value > 0);

function* valuesOf(curves: readonly Curve[], log: boolean): Generator<number> {
  for (const { y } of curves) for (let i = 0; i < y.length; i++) if (isShown(y[i], log)) yield y[i];
}

function* positionsOf(curves: readonly Curve[], log: boolean): Generator<number> {
  for (const { x, y } of curves) for (let i = 0; i < x.length; i++) if (isShown(y[i], log)) yield x[i];
}

/** Labels of the y axis by their rows, from the top. */
function labelRows(axis: Axis, rows: number): Map<number, string> {
  const labels = new Map<number, string>();
  for (const tick of axis.ticks) labels.set(rows - 1 - Math.round(axis.share(tick) * (rows - 1)), axis.label(tick));
  return labels;
}

/** Columns of the x axis that have a tick, and the line of their labels, none over another. */
function ticksOf(axis: Axis, columns: number, label: (value: number) => string): { marks: Set<number>; names: string } {
  const marks = new Set<number>();
  let names = "";
  for (const tick of axis.ticks) {
    const column = Math.round(axis.share(tick) * (columns - 1));
    const name = label(tick);
    const start = Math.min(columns - name.length, Math.max(0, column - (name.length >> 1)));
    if (start < names.length + (names === "" ? 0 : 1)) continue;
    names = names.padEnd(start) + name;
    marks.add(column);
  }
  return { marks, names };
}

function draw(canvas: Canvas, { x, y, color, mark }: Curve, across: Axis, up: Axis, log: boolean): void {
  let before: readonly [number, number] | undefined;
  for (let i = 0; i < y.length; i++) {
    if (!isShown(y[i], log) || !Number.isFinite(x[i])) {
      before = undefined;
      continue;
    }
    const at = [across.share(x[i]), up.share(y[i])] as const;
    if (mark !== undefined) canvas.mark(at, mark, color);
    else canvas.line(before ?? at, at, color);
    before = at;
  }
}

// Bits of a Braille character by column and row of its dots (Unicode 10.0, block 2800).
const DOTS = [
  [0x01, 0x02, 0x04, 0x40],
  [0x08, 0x10, 0x20, 0x80],
] as const;

/** Characters of two by four dots each; where only ASCII is shown, of one. */
class Canvas {
  readonly #columns: number;
  readonly #rows: number;
  readonly #ink: Ink;
  readonly #dots: Uint8Array;
  readonly #marks = new Map<number, string>();
  readonly #colors = new Map<number, Color>();

  constructor(columns: number, rows: number, ink: Ink) {
    this.#columns = columns;
    this.#rows = rows;
    this.#ink = ink;
    this.#dots = new Uint8Array(columns * rows);
  }

  /** A straight line between two places, given as shares of width and height, from the lower left. */
  line(from: readonly [number, number], to: readonly [number, number], color?: Color): void {
    const [width, height] = [2 * this.#columns - 1, 4 * this.#rows - 1];
    const [x0, y0, x1, y1] = [from[0] * width, from[1] * height, to[0] * width, to[1] * height];
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
    for (let i = 0; i <= steps; i++) {
      const [x, y] = [Math.round(x0 + ((x1 - x0) * i) / steps), Math.round(y0 + ((y1 - y0) * i) / steps)];
      const row = height - y;
      const cell = (row >> 2) * this.#columns + (x >> 1);
      this.#dots[cell] |= DOTS[x & 1][row & 3];
      if (color !== undefined) this.#colors.set(cell, color);
    }
  }

  mark([x, y]: readonly [number, number], mark: string, color?: Color): void {
    const row = this.#rows - 1 - Math.round(y * (this.#rows - 1));
    const cell = row * this.#columns + Math.round(x * (this.#columns - 1));
    this.#marks.set(cell, mark);
    if (color !== undefined) this.#colors.set(cell, color);
  }

  lines(): string[] {
    return Array.from({ length: this.#rows }, (_, row) => {
      let text = "";
      let run = "";
      let color: Color | undefined;
      for (let column = 0; column < this.#columns; column++) {
        const cell = row * this.#columns + column;
        const own = this.#colors.get(cell);
        if (own !== color) {
          text += paint(this.#ink, color, run);
          [run, color] = ["", own];
        }
        run += this.#character(cell);
      }
      return text + paint(this.#ink, color, run);
    });
  }

  #character(cell: number): string {
    const mark = this.#marks.get(cell);
    if (mark !== undefined) return mark;
    const dots = this.#dots[cell];
    if (dots === 0) return " ";
    return this.#ink.unicode ? String.fromCodePoint(0x2800 + dots) : ".";
  }
}

/** Cells in columns, numbers at the right; columns that are empty in all rows are left out. */
export function columnsOf(rows: readonly (readonly string[])[], right: ReadonlySet<number> = new Set()): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => visibleWidth(row[i]))));
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const space = " ".repeat(widths[i] - visibleWidth(cell));
        return right.has(i) ? space + cell : cell + space;
      })
      .filter((_, i) => widths[i] > 0)
      .join("  ")
      .trimEnd(),
  );
}

/** Columns that a text takes, escape sequences not counted. */
export function visibleWidth(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences that paint writes
  return displayWidth(text.replaceAll(/\x1b\[\d+m/g, ""));
}
