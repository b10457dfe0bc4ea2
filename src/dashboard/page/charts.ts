// All charts of some runs, in groups, over one axis: what they show is asked for together, and again when runs go on, when
// another part is looked at, or another axis.
import type { Axis, ChartData, SeriesAnswer } from "../protocol.js";
import { Chart, type ChartHost, KEYS, KEYS_ID, type Range } from "./chart.js";
import { atMostEvery, download, h, oncePerFrame, whenQuiet } from "./dom.js";
import { server } from "./server.js";
import type { ViewState } from "./view-state.js";

/** What the charts need of the page. */
export interface ChartsHost {
  state(): ViewState;
  /** @param moving More of it follows at once. */
  change(part: Partial<ViewState>, moving?: boolean): void;
  nameOf(run: string): string;
  failed(error: unknown): void;
}

const GROUPS: readonly (readonly [title: string, fits: (key: string) => boolean])[] = [
  ["Loss", (key) => key === "loss" || /^eval_(?:.+_)?loss$/.test(key)],
  ["Metrics", (key) => /^(?:eval|test)_/.test(key) && !/_(?:runtime|per_second)$/.test(key)],
  ["Optimizer", (key) => key === "learning_rate" || key === "grad_norm"],
  ["Speed and memory", (key) => ["tokens_per_second", "padding_share", "memory"].includes(key)],
  ["More", (key) => !/^train_|^total_flos$/.test(key)],
];

/** What drawing may take of a frame. */
const FRAME_MS = 8;

/** Lines can be told apart by so many points in all; more runs, fewer points each. */
const POINTS_IN_ALL = 24_000;

export class Charts implements ChartHost {
  readonly element = h("div", { class: "charts" });
  readonly #host: ChartsHost;
  readonly #charts = new Map<string, Chart>();
  readonly #visibility: IntersectionObserver;
  readonly #sizes: ResizeObserver;
  readonly #note = h("p", { class: "note", role: "status" });
  readonly #keys = h("p", { id: KEYS_ID, hidden: true }, KEYS);
  #runs: readonly string[] = [];
  #layout = "";
  #extent: Range = [0, 1];
  /** Counts what was asked, and whether the last answer is still to come. */
  #asked = 0;
  #waiting = false;
  readonly #askSoon: () => void;
  /** What runs have logged since waits for the answer before: new questions alone would leave none that is shown. */
  #newer = false;
  /** While many runs go on, or are read, there is always something new. */
  readonly #askAgain = atMostEvery(400, () => {
    if (this.#waiting) this.#newer = true;
    else void this.#ask();
  });
  /** Charts that do not show yet what they should, the first to be drawn first. */
  #behind: Chart[] = [];
  /** Data that charts have not been given yet. */
  readonly #fresh = new Map<Chart, ChartData>();
  readonly #draw: () => void;

  constructor(host: ChartsHost) {
    this.#host = host;
    this.#askSoon = whenQuiet(() => void this.#ask(), 120);
    this.#draw = oncePerFrame(() => this.#drawSome());
    const chartOf = (element: Element) => this.#charts.get((element as HTMLElement).dataset.key ?? "");
    this.#visibility = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) chartOf(target)?.setVisible(isIntersecting);
      },
      { rootMargin: "100px" },
    );
    this.#sizes = new ResizeObserver((entries) => {
      for (const { target } of entries) chartOf(target)?.resize();
    });
  }

  /** Shows the figures of runs. @param keys Those that any of them has. */
  show(runs: readonly string[], keys: readonly string[]): void {
    this.#runs = runs;
    this.#arrange(keys);
    this.#askAgain();
  }

  /** Asks again, after the runs went on or the view has changed. */
  refresh(): void {
    void this.#ask();
  }

  redraw(): void {
    for (const chart of this.#charts.values()) chart.redraw();
  }

  /** Zooms by a factor around the middle, or moves by a share of what is seen. */
  zoom(factor: number): void {
    const [from, to] = this.range();
    const [middle, half] = [(from + to) / 2, ((to - from) / 2) * factor];
    this.setRange([middle - half, middle + half]);
  }

  pan(share: number): void {
    const [from, to] = this.range();
    this.setRange([from + share * (to - from), to + share * (to - from)]);
  }

  range(): Range {
    return this.#host.state().range ?? this.#extent;
  }

  axis(): Axis {
    return this.#host.state().axis;
  }

  isLog(key: string): boolean {
    return this.#host.state().log.includes(key);
  }

  setLog(key: string, log: boolean): void {
    const others = this.#host.state().log.filter((each) => each !== key);
    this.#host.change({ log: log ? [...others, key] : others });
    this.redraw();
  }

  setRange(range: Range | undefined, by?: Chart, moving = false): void {
    this.#host.change({ range: range && this.#clamp(range) }, moving);
    // Those that have waited longest come after the one in use: none is left behind for good.
    const waiting = this.#behind.filter((chart) => chart !== by);
    const others = [...this.#charts.values()].filter((chart) => chart !== by && !waiting.includes(chart));
    this.#behind = [...(by ? [by] : []), ...waiting, ...others];
    this.#draw();
    this.#askSoon();
  }

  /** Draws as many charts as a frame has time for, one at least; the others in the next. */
  #drawSome(): void {
    const until = performance.now() + FRAME_MS;
    for (let chart = this.#behind.shift(); chart; chart = this.#behind.shift()) {
      const data = this.#fresh.get(chart);
      this.#fresh.delete(chart);
      if (data) chart.setData(data);
      else if (!chart.applyRange()) continue;
      if (performance.now() >= until) break;
    }
    if (this.#behind.length > 0) this.#draw();
    else if (this.#runs.length > 0) this.element.dataset.ready = "true";
  }

  nameOf(run: string): string {
    return this.#host.nameOf(run);
  }

  async saveCsv(key: string): Promise<void> {
    try {
      download(`${key}.csv`, await server.csv({ runs: this.#runs, keys: [key] }), "text/csv");
    } catch (error) {
      this.#host.failed(error);
    }
  }

  /** Neither beyond what there is, nor narrower than can be seen. */
  #clamp([from, to]: Range): Range | undefined {
    const [first, last] = this.#extent;
    const all = last - first;
    const span = Math.max(to - from, all * 1e-6);
    if (span >= all) return undefined;
    const start = Math.min(Math.max(from, first), last - span);
    return [start, start + span];
  }

  #arrange(keys: readonly string[]): void {
    const left = new Set(keys);
    const groups = GROUPS.map(([title, fits]) => {
      const own = [...left].filter(fits).sort(byName);
      for (const key of own) left.delete(key);
      return { title, keys: own };
    }).filter(({ keys: own }) => own.length > 0);
    const layout = JSON.stringify(groups);
    if (groups.length === 0) this.#note.textContent = "Nothing has been logged yet.";
    if (layout === this.#layout) return;
    this.#layout = layout;
    const wanted = new Set(groups.flatMap(({ keys: own }) => own));
    for (const [key, chart] of this.#charts) {
      if (wanted.has(key)) continue;
      this.#visibility.unobserve(chart.element);
      this.#sizes.unobserve(chart.element);
      chart.destroy();
      this.#charts.delete(key);
      this.#fresh.delete(chart);
      this.#behind = this.#behind.filter((each) => each !== chart);
    }
    const sections = groups.map(({ title, keys: own }) => {
      const id = `charts-${title.toLowerCase().replaceAll(" ", "-")}`;
      const grid = h("div", { class: "chart-grid" }, ...own.map((key) => this.#chart(key).element));
      const heading = h("h2", { id }, title);
      if (title !== "More") return h("section", { "aria-labelledby": id }, heading, grid);
      return h(
        "details",
        { class: "more" },
        h("summary", {}, own.length === 1 ? "1 more figure" : `${own.length} more figures`),
        grid,
      );
    });
    this.element.replaceChildren(this.#note, this.#keys, ...sections);
  }

  #chart(key: string): Chart {
    const known = this.#charts.get(key);
    if (known) return known;
    const chart = new Chart(key, this);
    this.#charts.set(key, chart);
    this.#visibility.observe(chart.element);
    this.#sizes.observe(chart.element);
    return chart;
  }

  #answered(): void {
    this.#waiting = false;
    if (this.#newer) this.#askAgain();
  }

  async #ask(): Promise<void> {
    const asked = ++this.#asked;
    this.#waiting = false; // whatever is still to come is for nobody
    const keys = [...this.#charts.keys()];
    if (keys.length === 0 || this.#runs.length === 0) return;
    const { axis, smoothing, range } = this.#host.state();
    const points = Math.round(Math.min(1400, Math.max(160, POINTS_IN_ALL / this.#runs.length)));
    let question = {};
    let buckets = points / 2;
    if (range) {
      // As much again on both sides, so that panning has something to show before the answer to the next question.
      const [from, to] = range;
      const span = to - from;
      question = { from: from - span, to: to + span };
      buckets = (3 * points) / 2;
    }
    let answer: SeriesAnswer;
    this.#waiting = true;
    this.#newer = false;
    try {
      answer = await server.series({
        runs: this.#runs,
        keys,
        axis,
        smoothing,
        buckets: Math.round(buckets),
        ...question,
      });
    } catch (error) {
      if (asked === this.#asked) this.#host.failed(error);
      return;
    } finally {
      if (asked === this.#asked) this.#answered();
    }
    if (asked !== this.#asked) return; // something else was asked for since
    this.#extent = wide(answer.extent);
    const empty = axis !== "step" && answer.charts.every(({ x }) => x.length === 0);
    this.#note.textContent = empty ? "These runs do not say this; choose the step as x." : "";
    for (const data of answer.charts) {
      const chart = this.#charts.get(data.key);
      if (chart) this.#fresh.set(chart, data);
    }
    const charts = [...this.#fresh.keys()];
    this.#behind = [...charts.filter(({ visible }) => visible), ...charts.filter(({ visible }) => !visible)];
    this.#draw();
  }
}

/** Of an axis with one place: some room around it. */
function wide([from, to]: Range): Range {
  return from < to ? [from, to] : [from - 1, to + 1];
}

/** Losses first, then by name. */
function byName(a: string, b: string): number {
  const rank = (key: string) => (key === "loss" ? 0 : key === "eval_loss" ? 1 : 2);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}
