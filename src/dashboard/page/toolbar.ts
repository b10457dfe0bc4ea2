// What all charts have in common: the axis, smoothing, and the part that is looked at.
import type { Axis } from "../protocol.js";
import type { Charts } from "./charts.js";
import { h, whenQuiet } from "./dom.js";
import { AXIS_NAMES } from "./format.js";
import type { ViewState } from "./view-state.js";

export class Toolbar {
  readonly element: HTMLElement;
  readonly #axes = new Map<Axis, HTMLInputElement>();
  readonly #smoothing: HTMLInputElement;
  readonly #smoothingValue = h("output", {});
  readonly #all: HTMLButtonElement;

  constructor(charts: Charts, change: (part: Partial<ViewState>) => void) {
    const refresh = whenQuiet(() => charts.refresh(), 60);
    const radio = (axis: Axis) => {
      const choose = () => {
        change({ axis, range: undefined });
        charts.refresh();
      };
      const input = h("input", { type: "radio", name: "axis", value: axis, onchange: choose });
      this.#axes.set(axis, input);
      return h("label", {}, input, h("span", {}, { step: "Step", time: "Time", tokens: "Tokens" }[axis]));
    };
    this.#smoothing = h("input", {
      type: "range",
      min: 0,
      max: 0.99,
      step: 0.01,
      "aria-label": "Smoothing",
      oninput: () => {
        change({ smoothing: Number(this.#smoothing.value) });
        refresh();
      },
    });
    const button = (text: string, label: string, onclick: () => void) =>
      h("button", { type: "button", "aria-label": label, title: label, onclick }, text);
    this.#all = button("All", "Show all of the axis", () => charts.setRange(undefined));
    this.element = h(
      "div",
      { class: "toolbar", role: "group", "aria-label": "Charts" },
      h(
        "fieldset",
        { class: "segments" },
        h("legend", { class: "hidden" }, "Horizontal axis"),
        ...(Object.keys(AXIS_NAMES) as Axis[]).map(radio),
      ),
      h("label", { class: "smoothing" }, h("span", {}, "Smoothing"), this.#smoothing, this.#smoothingValue),
      h(
        "span",
        { class: "buttons" },
        button("←", "Earlier", () => charts.pan(-0.25)),
        button("→", "Later", () => charts.pan(0.25)),
        button("+", "Zoom in", () => charts.zoom(0.5)),
        button("−", "Zoom out", () => charts.zoom(2)),
        this.#all,
      ),
    );
  }

  update({ axis, smoothing, range }: ViewState): void {
    for (const [each, input] of this.#axes) input.checked = each === axis;
    this.#smoothing.value = String(smoothing);
    this.#smoothingValue.textContent = smoothing.toFixed(2);
    this.#all.disabled = range === undefined;
  }
}
