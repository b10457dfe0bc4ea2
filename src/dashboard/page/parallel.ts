// Parallel coordinates of a search: an axis for each parameter and one for what was reached, a line for each trial. Two
// handles on each axis, moved with the pointer or with keys, keep the trials between them. The lines alone are no news to
// who does not see them: the table of trials beside them says the same.

import type { Domain, Value } from "../../search/index.js";
import { atShare, shareOf } from "../../search/measure.js";
import type { SearchTrial } from "../protocol.js";
import { breakable, h, svg } from "./dom.js";
import { showNumber, showValue } from "./format.js";
import { logTicksOf, ticksOf } from "./ticks.js";

/** Parts of axes, as shares, by the names of axes. */
export type Keep = Readonly<Record<string, readonly [low: number, high: number]>>;

export interface ParallelAxis {
  readonly name: string;
  readonly title: string;
  /** Where a trial lies on it: 0 below, 1 above; undefined where it has no value. */
  readonly shareOf: (trial: SearchTrial) => number | undefined;
  /** A place in words. */
  readonly textAt: (share: number) => string;
  readonly ticks: readonly { readonly share: number; readonly text: string }[];
  /** What a key moves a handle by. */
  readonly step: number;
}

export interface ParallelHost {
  keep(name: string, part: readonly [low: number, high: number] | undefined): void;
  /** A trial is pointed at, or none any more. */
  point(trial: SearchTrial | undefined): void;
  open(trial: SearchTrial): void;
}

const HEIGHT = 312;
const TOP = 56;
const BOTTOM = 18;
const SIDE = 64;
const LEAST_GAP = 112;
/** How near a pointer must be to a line, in pixels. */
const NEAR = 14;

export class Parallel {
  readonly element: HTMLElement;
  readonly #host: ParallelHost;
  readonly #canvas = h("div", { class: "parallel-canvas" });
  readonly #sizes: ResizeObserver;
  #axes: readonly ParallelAxis[] = [];
  #trials: readonly SearchTrial[] = [];
  #keep: Keep = {};
  #goodness: (trial: SearchTrial) => number = () => 0;
  #lines = new Map<SearchTrial, SVGElement>();
  #handles = new Map<string, readonly [low: Handle, high: Handle]>();
  #pointed: number | undefined;
  #made = "";

  constructor(host: ParallelHost) {
    this.#host = host;
    this.element = h(
      "div",
      { class: "parallel scroll", role: "group", "aria-label": "Parallel coordinates" },
      this.#canvas,
    );
    this.#canvas.addEventListener("pointermove", (event) => this.#onPointer(event));
    this.#canvas.addEventListener("pointerleave", () => this.#point(undefined));
    this.#canvas.addEventListener("click", (event) => {
      const trial = (event.target as Element).closest(".handle") ? undefined : this.#pointedTrial();
      if (trial) host.open(trial);
    });
    this.#sizes = new ResizeObserver(() => this.#draw());
    this.#sizes.observe(this.element);
  }

  /** @param goodness How good a trial is, from 0 to 1 for the best: its line's strength. */
  show(
    axes: readonly ParallelAxis[],
    trials: readonly SearchTrial[],
    keep: Keep,
    goodness: (trial: SearchTrial) => number,
  ): void {
    this.#axes = axes;
    this.#trials = trials;
    this.#keep = keep;
    this.#goodness = goodness;
    this.#draw();
  }

  /** Shows one trial before the others. */
  highlight(number: number | undefined): void {
    this.#pointed = number;
    for (const [trial, line] of this.#lines) line.classList.toggle("pointed", trial.number === number);
    const line = [...this.#lines].find(([trial]) => trial.number === number)?.[1];
    line?.parentNode?.append(line); // what is drawn last is above
  }

  #draw(): void {
    const width = Math.max(this.element.clientWidth - 2, 2 * SIDE + (this.#axes.length - 1) * LEAST_GAP);
    if (this.element.clientWidth === 0 || this.#axes.length === 0) return;
    const made = JSON.stringify([width, this.#axes.map(({ name, ticks }) => [name, ticks])]);
    const gap = this.#axes.length > 1 ? (width - 2 * SIDE) / (this.#axes.length - 1) : 0;
    const x = (axis: number) => SIDE + axis * gap;
    if (made !== this.#made) {
      this.#made = made;
      this.#makeHandles(x);
    }
    const kept = keptTrials(this.#axes, this.#trials, this.#keep);
    this.#lines = new Map(
      this.#trials
        .toSorted((a, b) => Number(kept.has(a)) - Number(kept.has(b)) || this.#goodness(a) - this.#goodness(b))
        .map((trial) => [trial, this.#lineOf(trial, x, kept.has(trial))] as const),
    );
    const picture = svg(
      "svg",
      { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" },
      svg("g", { class: "trials" }, ...this.#lines.values()),
      ...this.#axes.map(({ ticks }, i) =>
        svg(
          "g",
          {},
          svg("path", { class: "axis", d: `M${x(i)} ${yOf(0)}V${yOf(1)}` }),
          ...ticks.map(({ share, text }) =>
            svg(
              "g",
              {},
              svg("path", { class: "axis", d: `M${x(i) - 4} ${yOf(share)}h4` }),
              svg("text", { x: x(i) - 12, y: yOf(share) + 4, class: "tick end" }, text),
            ),
          ),
        ),
      ),
    );
    const titles = this.#axes.map(({ title }, i) => {
      const name = h("span", { class: "axis-title", title, "aria-hidden": "true" }, h("span", {}, ...breakable(title)));
      name.style.setProperty("left", `${x(i)}px`);
      name.style.setProperty("width", `${Math.min(2 * SIDE, Math.max(LEAST_GAP, gap)) - 8}px`);
      return name;
    });
    this.#canvas.style.setProperty("width", `${width}px`);
    for (const old of this.#canvas.querySelectorAll("svg, .axis-title")) old.remove();
    this.#canvas.prepend(picture, ...titles);
    for (const { name } of this.#axes)
      for (const handle of this.#handles.get(name) ?? []) handle.show(this.#keep[name]);
    this.highlight(this.#pointed);
  }

  #lineOf(trial: SearchTrial, x: (axis: number) => number, kept: boolean): SVGElement {
    const places = this.#axes.flatMap((axis, i) => {
      const share = axis.shareOf(trial);
      return share === undefined ? [] : [`${x(i).toFixed(1)} ${yOf(share).toFixed(1)}`];
    });
    const line = svg("path", {
      class: `trial ${trial.state}${trial.best ? " best" : ""}${kept ? "" : " out"}`,
      d: `M${places.join("L")}`,
    });
    const goodness = this.#goodness(trial);
    line.style.setProperty("--goodness", `${Math.round(100 * goodness)}%`);
    line.style.setProperty("--strength", goodness.toFixed(2));
    return line;
  }

  #makeHandles(x: (axis: number) => number): void {
    for (const pair of this.#handles.values()) for (const handle of pair) handle.element.remove();
    this.#handles = new Map(
      this.#axes.map((axis, i) => {
        const move = (end: 0 | 1) => (share: number) => {
          const [low, high] = this.#keep[axis.name] ?? [0, 1];
          const part = end === 0 ? ([Math.min(share, high), high] as const) : ([low, Math.max(share, low)] as const);
          this.#host.keep(axis.name, part[0] <= 0 && part[1] >= 1 ? undefined : part);
        };
        const pair = [new Handle(axis, 0, x(i), move(0)), new Handle(axis, 1, x(i), move(1))] as const;
        this.#canvas.append(...pair.map(({ element }) => element));
        return [axis.name, pair];
      }),
    );
  }

  #pointedTrial(): SearchTrial | undefined {
    return this.#trials.find(({ number }) => number === this.#pointed);
  }

  #point(trial: SearchTrial | undefined): void {
    if (trial?.number === this.#pointed) return;
    this.highlight(trial?.number);
    this.#host.point(trial);
  }

  /** The line that is nearest to the pointer. */
  #onPointer(event: PointerEvent): void {
    if ((event.target as Element).closest(".handle")) return;
    const box = this.#canvas.getBoundingClientRect();
    const [left, top] = [event.clientX - box.left, event.clientY - box.top];
    const gap = (box.width - 2 * SIDE) / Math.max(1, this.#axes.length - 1);
    const at = Math.min(this.#axes.length - 2, Math.max(0, Math.floor((left - SIDE) / gap)));
    const kept = keptTrials(this.#axes, this.#trials, this.#keep);
    let [nearest, distance]: [SearchTrial | undefined, number] = [undefined, NEAR];
    for (const trial of kept) {
      const from = this.#axes[at]?.shareOf(trial);
      const to = this.#axes[at + 1]?.shareOf(trial);
      if (from === undefined || to === undefined) continue;
      const along = Math.min(1, Math.max(0, (left - SIDE - at * gap) / gap));
      const away = Math.abs(yOf(from + along * (to - from)) - top);
      if (away < distance) [nearest, distance] = [trial, away];
    }
    this.#canvas.classList.toggle("pointing", nearest !== undefined);
    this.#point(nearest);
  }
}

/** One end of the part of an axis that is kept. */
class Handle {
  readonly element: HTMLElement;
  readonly #axis: ParallelAxis;
  readonly #end: 0 | 1;
  #share: number;

  constructor(axis: ParallelAxis, end: 0 | 1, left: number, move: (share: number) => void) {
    this.#axis = axis;
    this.#end = end;
    this.#share = end;
    this.element = h("div", {
      class: `handle ${end === 0 ? "low" : "high"}`,
      role: "slider",
      tabindex: 0,
      "aria-orientation": "vertical",
      "aria-label": `${axis.title}: ${end === 0 ? "least" : "most"} that is kept`,
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    });
    this.element.style.setProperty("left", `${left}px`);
    const go = (share: number) => move(Math.round(1000 * Math.min(1, Math.max(0, share))) / 1000);
    this.element.addEventListener("keydown", (event) => {
      const { step } = axis;
      const moves: Readonly<Record<string, number>> = {
        ArrowUp: this.#share + step,
        ArrowRight: this.#share + step,
        ArrowDown: this.#share - step,
        ArrowLeft: this.#share - step,
        PageUp: this.#share + 4 * step,
        PageDown: this.#share - 4 * step,
        Home: 0,
        End: 1,
        Escape: end,
      };
      const to = moves[event.key];
      if (to === undefined) return;
      event.preventDefault();
      go(to);
    });
    this.element.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      this.element.focus();
      this.element.setPointerCapture(event.pointerId);
    });
    this.element.addEventListener("pointermove", (event) => {
      if (!this.element.hasPointerCapture(event.pointerId)) return;
      const top = event.clientY - (this.element.parentElement?.getBoundingClientRect().top ?? 0);
      go((yOf(0) - top) / (yOf(0) - yOf(1)));
    });
  }

  show(part: readonly [number, number] | undefined): void {
    this.#share = part?.[this.#end] ?? this.#end;
    this.element.style.setProperty("top", `${yOf(this.#share)}px`);
    this.element.setAttribute("aria-valuenow", String(Math.round(100 * this.#share)));
    this.element.setAttribute("aria-valuetext", this.#axis.textAt(this.#share));
    this.element.classList.toggle("moved", part !== undefined);
  }
}

function yOf(share: number): number {
  return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
}

/** The trials that lie in all parts that are kept. */
export function keptTrials(
  axes: readonly ParallelAxis[],
  trials: readonly SearchTrial[],
  keep: Keep,
): ReadonlySet<SearchTrial> {
  const narrowed = axes.flatMap((axis) => (keep[axis.name] ? [{ axis, part: keep[axis.name] }] : []));
  const within = (trial: SearchTrial) =>
    narrowed.every(({ axis, part: [low, high] }) => {
      const share = axis.shareOf(trial);
      return share !== undefined && share >= low - 1e-9 && share <= high + 1e-9;
    });
  return new Set(trials.filter(within));
}

/** The axis of a parameter. */
export function axisOf(name: string, domain: Domain): ParallelAxis {
  const places = domain.type === "choice" ? Math.max(1, domain.values.length - 1) : 1;
  const share = (value: Value) =>
    domain.type === "choice" && domain.values.length === 1 ? 0.5 : shareOf(domain, value) / places;
  const common = { name, title: name, shareOf: ({ params }: SearchTrial) => share(params[name]) };
  switch (domain.type) {
    case "choice":
      return {
        ...common,
        textAt: (at) => showValue(domain.values[Math.round(at * places)]),
        ticks: domain.values.map((value) => ({ share: share(value), text: showValue(value) })),
        step: 1 / places,
      };
    case "int": {
      const { low, high } = domain;
      const step = domain.step ?? 1;
      const places = ticksOf(low, high, Math.min(6, high - low)).filter(Number.isInteger);
      return {
        ...common,
        textAt: (at) => showValue(Math.round(low + at * (high - low))),
        ticks: withEnds(places, low, high, share),
        step: high > low ? Math.max(0.02, step / (high - low)) : 1,
      };
    }
    default: {
      const { low, high, type } = domain;
      const places = type === "log-uniform" ? logTicksOf(low, high) : ticksOf(low, high, 5);
      return {
        ...common,
        textAt: (at) => showNumber(atShare(domain, at)),
        ticks: withEnds(places, low, high, share),
        step: 0.05,
      };
    }
  }
}

/** The axis of what was reached. */
export function objectiveAxis(name: string, title: string, trials: readonly SearchTrial[]): ParallelAxis {
  const values = trials.flatMap(({ value }) => value ?? []);
  const [low, high] = values.length > 0 ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const share = (value: number) => (high > low ? (value - low) / (high - low) : 0.5);
  return {
    name,
    title,
    shareOf: ({ value }) => (value === null ? undefined : share(value)),
    textAt: (at) => showNumber(low + at * (high - low)),
    ticks: high > low ? withEnds(ticksOf(low, high, 5), low, high, share) : [{ share: 0.5, text: showNumber(low) }],
    step: 0.05,
  };
}

/** Both ends, and of the places between them those that have room. */
function withEnds(places: readonly number[], low: number, high: number, share: (value: number) => number) {
  const between = places.filter((place) => share(place) > 0.08 && share(place) < 0.92);
  const all = low === high ? [low] : [low, ...between, high];
  return all.map((value) => ({ share: share(value), text: showNumber(value) }));
}
