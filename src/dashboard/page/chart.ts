// One figure over the runs, as a chart that can be zoomed and panned with pointer, wheel and keys, read out, shown as a
// table, and saved.
import uPlot from "uplot";
import type { Axis, ChartData, Line } from "../protocol.js";
import { chartSvg } from "./chart-svg.js";
import { colorOf, colorVariable, themeColor } from "./colors.js";
import { caption, download, h } from "./dom.js";
import { AXIS_NAMES, showFigure, showPlace, showTick, titleOf } from "./format.js";
import { padded, paddedLog } from "./scale.js";
import { logTicksOf } from "./ticks.js";
import { followTouch } from "./touch.js";

export type Range = readonly [from: number, to: number];

/** What a chart asks of the page that it stands in. */
export interface ChartHost {
  /** The part of the axis that all charts show. */
  range(): Range;
  axis(): Axis;
  isLog(key: string): boolean;
  setLog(key: string, log: boolean): void;
  /**
   * Shows another part, or with undefined all.
   * @param by The chart that is used, which is drawn before the others.
   * @param moving More of it follows at once.
   */
  setRange(range: Range | undefined, by?: Chart, moving?: boolean): void;
  nameOf(run: string): string;
  saveCsv(key: string): Promise<void>;
}

/** The page says once, for all charts, which keys they take. */
export const KEYS_ID = "chart-keys";
export const KEYS =
  "Arrow keys read values, shift with arrows pans, plus and minus zoom, 0 shows all, l turns the axis logarithmic.";

const HEIGHT = 250;
const NEAREST = 8;
const TABLE_ROWS = 40;

/** What ticks may be apart where there is nothing between whole numbers. */
const WHOLE = Array.from({ length: 15 }, (_, power) => [1, 2, 5].map((factor) => factor * 10 ** power)).flat();

/** Values at a place of the axis. */
interface Nearest {
  readonly place: number;
  readonly lines: readonly { readonly run: string; readonly value: number }[];
}

export class Chart {
  readonly key: string;
  readonly element: HTMLElement;
  readonly #host: ChartHost;
  readonly #plotHolder = h("div", { class: "plot" });
  readonly #readout = h("p", { class: "readout", "aria-live": "polite" });
  readonly #tip = h("div", { class: "tip", hidden: true });
  readonly #tableHolder = h("div", { class: "table-holder", hidden: true });
  readonly #logButton: HTMLButtonElement;
  readonly #tableButton: HTMLButtonElement;
  #data: ChartData | undefined;
  #plot: uPlot | undefined;
  /** What the plot was made for: another set of lines needs another. */
  #made = "";
  #visible = true;
  #stale = false;
  #cursor = -1;

  constructor(key: string, host: ChartHost) {
    this.key = key;
    this.#host = host;
    const title = titleOf(key);
    const button = (name: string, label: string, onclick: () => void) =>
      h("button", { type: "button", class: "small", "aria-label": `${label}: ${title}`, title: label, onclick }, name);
    this.#logButton = button("log", "Log axis", () => host.setLog(key, !host.isLog(key)));
    this.#tableButton = button("table", "Show as a table", () => this.#toggleTable());
    this.#plotHolder.tabIndex = 0;
    // What has keys of its own, which a screen reader passes on to an application alone.
    this.#plotHolder.setAttribute("role", "application");
    this.#plotHolder.setAttribute("aria-roledescription", "chart");
    this.#plotHolder.setAttribute("aria-describedby", KEYS_ID);
    this.#plotHolder.addEventListener("keydown", (event) => this.#onKey(event));
    this.#plotHolder.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    this.#plotHolder.addEventListener("pointerdown", (event) => this.#startPan(event), { capture: true });
    followTouch(this.#plotHolder, {
      range: () => host.range(),
      setRange: (range, moving) => host.setRange(range, this, moving),
      box: () => this.#plot?.over.getBoundingClientRect(),
    });
    this.#plotHolder.addEventListener("blur", () => this.#setTip(undefined));
    this.element = h(
      "figure",
      { class: "chart", "data-key": key },
      h(
        "figcaption",
        {},
        h("h3", {}, title),
        h(
          "span",
          { class: "tools" },
          this.#logButton,
          this.#tableButton,
          button("svg", "Save as SVG", () => this.#saveSvg()),
          button("csv", "Save every point as CSV", () => void host.saveCsv(key)),
        ),
      ),
      h("div", { class: "plot-frame" }, this.#plotHolder, this.#tip),
      this.#readout,
      this.#tableHolder,
    );
  }

  /** Shows data; also after the theme or the kind of axis has changed. */
  setData(data: ChartData): void {
    this.#data = data;
    const log = this.#host.isLog(this.key);
    this.#logButton.setAttribute("aria-pressed", String(log));
    this.#describe(data);
    if (!this.#tableHolder.hidden) this.#fillTable();
    const drawn = data.lines.map(({ run, raw, y }) => [run, raw !== undefined, isAlone(y)]);
    const made = JSON.stringify([drawn, log, this.#host.axis()]);
    if (this.#plot && made === this.#made) {
      this.#plot.setData(columnsOf(data, log), false);
      this.applyRange();
      return;
    }
    this.#made = made;
    this.#make(data, log);
  }

  /** Draws anew, in the colours of the theme. */
  redraw(): void {
    this.#made = "";
    if (this.#data) this.setData(this.#data);
  }

  /** Shows the part of the axis that the host has. @returns whether anything was drawn */
  applyRange(): boolean {
    if (!this.#plot) return false;
    if (!this.#visible) {
      this.#stale = true;
      return false;
    }
    const [min, max] = this.#host.range();
    this.#plot.batch(() => this.#plot?.setScale("x", { min, max })); // drawn here and now
    this.#stale = false;
    return true;
  }

  get visible(): boolean {
    return this.#visible;
  }

  /** A chart that nobody sees is not drawn. */
  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (visible && this.#stale) this.applyRange();
  }

  resize(): void {
    const width = this.#plotHolder.clientWidth;
    if (this.#plot && width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: HEIGHT });
  }

  destroy(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.element.remove();
  }

  #make(data: ChartData, log: boolean): void {
    this.#plot?.destroy();
    const axis = this.#host.axis();
    const [ink, grid] = [themeColor("--muted"), themeColor("--grid")];
    const font = "12px system-ui, sans-serif";
    const [min, max] = this.#host.range();
    const many = data.lines.length > 16;
    const line = ({ run, y }: Line, behind: boolean): uPlot.Series => ({
      stroke: colorOf(run),
      width: behind ? 1 : many ? 1 : 1.75,
      alpha: behind ? 0.28 : 1,
      spanGaps: true,
      points: { show: isAlone(y) ? !behind : behind || many ? false : undefined, size: isAlone(y) ? 7 : 5 },
    });
    const options: uPlot.Options = {
      width: Math.max(200, this.#plotHolder.clientWidth),
      height: HEIGHT,
      legend: { show: false },
      padding: [10, 12, 0, 0],
      cursor: { drag: { x: true, y: false, setScale: false }, points: { show: !many } },
      scales: {
        x: { time: false, auto: false, min, max },
        y: log
          ? { distr: 3, range: (_, low, high) => paddedLog(low, high) }
          : { range: (_, low, high) => padded(low, high) },
      },
      axes: [
        {
          stroke: ink,
          font,
          grid: { stroke: grid, width: 1 },
          ticks: { stroke: grid, width: 1 },
          values: (_, places) => places.map((place) => showTick(axis, place)),
          ...(axis === "time" ? {} : { incrs: WHOLE }),
          label: AXIS_NAMES[axis],
          labelFont: font,
          labelSize: 16,
          labelGap: 0,
          size: 28,
        },
        {
          stroke: ink,
          font,
          grid: { stroke: grid, width: 1 },
          ticks: { stroke: grid, width: 1 },
          size: 62,
          ...(log && { splits: (_, __, low, high) => logTicksOf(low, high), filter: (_, splits) => splits }),
          values: (_, values) => values.map((value) => (value === null ? null : showFigure(this.key, value))),
        },
      ],
      series: [
        {},
        ...data.lines.flatMap((each) => (each.raw ? [line(each, true)] : [])),
        ...data.lines.map((each) => line(each, false)),
      ],
      hooks: {
        setSelect: [(plot) => this.#onSelect(plot)],
        setCursor: [(plot) => this.#onCursor(plot)],
      },
    };
    this.#plotHolder.replaceChildren();
    this.#plot = new uPlot(options, columnsOf(data, log), this.#plotHolder);
    this.#plot.root.setAttribute("aria-hidden", "true");
  }

  #describe({ lines }: ChartData): void {
    const last = lines
      .slice(0, NEAREST)
      .map(({ run, y }) => `${this.#host.nameOf(run)} ends at ${showFigure(this.key, lastOf(y))}`);
    const more = lines.length > NEAREST ? `, and ${lines.length - NEAREST} more` : "";
    const text = `${titleOf(this.key)} over ${AXIS_NAMES[this.#host.axis()].toLowerCase()}: ${last.join(", ")}${more}.`;
    this.#plotHolder.setAttribute("aria-label", text);
    const without = (what: string, of: readonly Line[]): string[] => {
      const names = of.slice(0, 3).map(({ run }) => this.#host.nameOf(run));
      const rest = of.length > 3 ? ` and ${of.length - 3} more` : "";
      return of.length > 0 ? [`values that are ${what}, of ${names.join(", ")}${rest}`] : [];
    };
    const log = this.#host.isLog(this.key);
    const odd = [
      ...without(
        "no finite number",
        lines.filter(({ nonFinite }) => nonFinite > 0),
      ),
      ...without(
        "zero or less",
        lines.filter(({ y }) => log && y.some((value) => value !== null && value <= 0)),
      ),
    ];
    if (odd.length > 0) {
      this.#readout.textContent = `Not drawn: ${odd.join("; ")}.`;
      this.#readout.classList.add("warning");
    } else if (this.#readout.classList.contains("warning")) {
      this.#readout.textContent = "";
      this.#readout.classList.remove("warning");
    }
  }

  #onSelect(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const [from, to] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.#host.setRange([from, to], this);
  }

  #onCursor(plot: uPlot): void {
    const { idx, top, left = -1 } = plot.cursor;
    if (typeof idx !== "number" || left < 0 || top === undefined) {
      this.#setTip(undefined);
      return;
    }
    this.#cursor = idx;
    const value = plot.posToVal(top, "y");
    this.#setTip(this.#nearest(idx, value), left);
  }

  /** The lines that have a value at a place, the nearest to a value first. */
  #nearest(index: number, value?: number): Nearest | undefined {
    const data = this.#data;
    if (!data || data.x[index] === undefined) return undefined;
    const lines = data.lines.flatMap(({ run, y }) => {
      const found = y[index] ?? before(y, index);
      return found === null ? [] : [{ run, value: found }];
    });
    if (value !== undefined) lines.sort((a, b) => Math.abs(a.value - value) - Math.abs(b.value - value));
    return { place: data.x[index], lines: lines.slice(0, NEAREST) };
  }

  #setTip(found: Nearest | undefined, left = 0): void {
    this.#tip.hidden = found === undefined || found.lines.length === 0;
    if (!found || this.#tip.hidden) return;
    this.#tip.replaceChildren(
      h("strong", {}, showPlace(this.#host.axis(), found.place)),
      ...found.lines.map(({ run, value }) => {
        const swatch = h("span", { class: "swatch" });
        swatch.style.setProperty("--swatch", `var(${colorVariable(run)})`);
        return h(
          "div",
          {},
          swatch,
          h("span", { class: "tip-name" }, this.#host.nameOf(run)),
          h("b", {}, showFigure(this.key, value)),
        );
      }),
    );
    // Beside the pointer, on the side where there is more room, and within the chart on a phone.
    const [width, own] = [this.#plotHolder.clientWidth, this.#tip.offsetWidth];
    const place = left + 62 > width / 2 ? left + 50 - own : left + 76;
    this.#tip.style.setProperty("left", `${Math.max(0, Math.min(place, width - own))}px`);
  }

  /** Moves the cursor to a point, and reads it out. */
  #readAt(index: number): void {
    const data = this.#data;
    const plot = this.#plot;
    if (!data || !plot || data.x.length === 0) return;
    this.#cursor = Math.min(data.x.length - 1, Math.max(0, index));
    const found = this.#nearest(this.#cursor);
    if (!found) return;
    plot.setCursor({ left: plot.valToPos(found.place, "x"), top: 10 });
    const values = found.lines.map(({ run, value }) => `${this.#host.nameOf(run)} ${showFigure(this.key, value)}`);
    this.#readout.classList.remove("warning");
    this.#readout.textContent = `${showPlace(this.#host.axis(), found.place)}: ${values.join(", ") || "no value"}`;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [from, to] = this.#host.range();
    const step = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (step !== 0 && event.shiftKey)
      this.#host.setRange([from + step * 0.1 * (to - from), to + step * 0.1 * (to - from)], this);
    else if (step !== 0) this.#readAt(this.#cursor < 0 ? this.#firstIn(from) : this.#cursor + step);
    else if (event.key === "Home") this.#readAt(this.#firstIn(from));
    else if (event.key === "End") this.#readAt(this.#firstIn(to));
    else if (event.key === "+" || event.key === "=") this.#zoom(0.6);
    else if (event.key === "-") this.#zoom(1 / 0.6);
    else if (event.key === "0") this.#host.setRange(undefined, this);
    else if (event.key === "l") this.#host.setLog(this.key, !this.#host.isLog(this.key));
    else if (event.key === "Escape") this.#setTip(undefined);
    else return;
    event.preventDefault();
  }

  #firstIn(place: number): number {
    const found = this.#data?.x.findIndex((x) => x >= place) ?? -1;
    return found < 0 ? (this.#data?.x.length ?? 1) - 1 : found;
  }

  #zoom(factor: number, center?: number, moving = false): void {
    const [from, to] = this.#host.range();
    const middle = center ?? (from + to) / 2;
    this.#host.setRange([middle - (middle - from) * factor, middle + (to - middle) * factor], this, moving);
  }

  #onWheel(event: WheelEvent): void {
    const plot = this.#plot;
    if (!plot) return;
    const [from, to] = this.#host.range();
    if (event.ctrlKey || event.metaKey) {
      const box = plot.over.getBoundingClientRect();
      this.#zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, plot.posToVal(event.clientX - box.left, "x"), true);
    } else {
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (Math.abs(sideways) < 1 || (!event.shiftKey && Math.abs(event.deltaY) > Math.abs(sideways))) return; // scrolling
      const shift = (sideways / Math.max(1, plot.over.clientWidth)) * (to - from);
      this.#host.setRange([from + shift, to + shift], this, true);
    }
    event.preventDefault();
  }

  /** Dragging with shift, or with the middle button, pans. */
  #startPan(event: PointerEvent): void {
    const plot = this.#plot;
    if (!plot || !(event.button === 1 || (event.button === 0 && event.shiftKey))) return;
    event.preventDefault();
    event.stopPropagation();
    const [from, to] = this.#host.range();
    const perPixel = (to - from) / Math.max(1, plot.over.clientWidth);
    const start = event.clientX;
    let shift = 0;
    const move = (moved: PointerEvent) => {
      shift = (start - moved.clientX) * perPixel;
      this.#host.setRange([from + shift, to + shift], this, true);
    };
    const swallow = (click: MouseEvent) => click.stopPropagation(); // uPlot would begin to select
    const target = this.#plotHolder;
    target.setPointerCapture(event.pointerId);
    target.addEventListener("mousedown", swallow, { capture: true });
    target.addEventListener("pointermove", move);
    const end = () => {
      this.#host.setRange([from + shift, to + shift], this);
      target.removeEventListener("pointermove", move);
      target.removeEventListener("mousedown", swallow, { capture: true });
    };
    target.addEventListener("pointerup", end, { once: true });
    target.addEventListener("pointercancel", end, { once: true });
  }

  #toggleTable(): void {
    this.#tableHolder.hidden = !this.#tableHolder.hidden;
    this.#tableButton.setAttribute("aria-pressed", String(!this.#tableHolder.hidden));
    if (!this.#tableHolder.hidden) this.#fillTable();
  }

  #fillTable(): void {
    const data = this.#data;
    if (!data) return;
    const [from, to] = this.#host.range();
    const inside = [...data.x.keys()].filter((i) => data.x[i] >= from && data.x[i] <= to);
    const every = Math.max(1, Math.ceil(inside.length / TABLE_ROWS));
    const rows = inside.filter((_, i) => i % every === 0 || i === inside.length - 1);
    const { lines } = data;
    const head = h(
      "tr",
      {},
      h("th", { scope: "col" }, AXIS_NAMES[this.#host.axis()]),
      ...lines.map(({ run }) => h("th", { scope: "col" }, this.#host.nameOf(run))),
    );
    const body = rows.map((i) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, showPlace(this.#host.axis(), data.x[i])),
        ...lines.map(({ y }) => h("td", {}, y[i] === null ? "" : showFigure(this.key, y[i]))),
      ),
    );
    const note =
      every > 1 ? `Every ${every}th of ${inside.length} places; the CSV file has all.` : `${inside.length} places.`;
    this.#tableHolder.replaceChildren(
      h("p", { class: "note" }, note),
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": `${titleOf(this.key)} as a table` },
        h("table", {}, caption(titleOf(this.key)), h("thead", {}, head), h("tbody", {}, ...body)),
      ),
    );
  }

  #saveSvg(): void {
    if (!this.#data) return;
    const [axis, range] = [this.#host.axis(), this.#host.range()];
    const content = chartSvg({
      data: this.#data,
      axis,
      range,
      log: this.#host.isLog(this.key),
      nameOf: (run) => this.#host.nameOf(run),
      colorOf: (run) => colorOf(run, "light"),
    });
    download(`${this.key}.svg`, content, "image/svg+xml");
  }
}

/** What uPlot takes: x, then the raw lines, then the lines; on a logarithmic axis what is not positive is left out. */
function columnsOf({ x, lines }: ChartData, log: boolean): uPlot.AlignedData {
  const drawn = (y: Line["y"]) =>
    log ? y.map((value) => (value !== null && value > 0 ? value : null)) : (y as (number | null)[]);
  return [x as number[], ...lines.flatMap(({ raw }) => (raw ? [drawn(raw)] : [])), ...lines.map(({ y }) => drawn(y))];
}

/** A value without another has no line: it is drawn as a point. */
function isAlone(y: Line["y"]): boolean {
  const first = y.findIndex((value) => value !== null);
  return first >= 0 && !y.some((value, i) => i > first && value !== null);
}

function lastOf(y: Line["y"]): number | undefined {
  return y.findLast((value) => value !== null) ?? undefined;
}

/** The last value before a place, if it is near. */
function before(y: Line["y"], index: number): number | null {
  for (let i = index - 1; i >= Math.max(0, index - 3); i--) if (y[i] !== null) return y[i];
  return null;
}
