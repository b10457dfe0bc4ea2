// Which colour is which run, above the charts: where the list of runs is folded nothing else says it.
import { colorVariable } from "./colors.js";
import { h } from "./dom.js";
import { formatHash, standardState } from "./view-state.js";

export class Legend {
  readonly element = h("ul", { class: "legend", "aria-label": "Runs in the charts" });
  #shown = "";

  /** @param runs Those that the charts show, with their names. */
  update(runs: readonly (readonly [id: string, name: string])[]): void {
    const shown = JSON.stringify(runs);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.hidden = runs.length === 0;
    this.element.replaceChildren(...runs.map(itemOf));
  }
}

function itemOf([id, name]: readonly [id: string, name: string]): HTMLElement {
  const swatch = h("span", { class: "swatch" });
  swatch.style.setProperty("--swatch", `var(${colorVariable(id)})`);
  const href = formatHash({ ...standardState, view: "run", run: id });
  return h("li", {}, h("a", { href }, swatch, h("bdi", {}, name)));
}
