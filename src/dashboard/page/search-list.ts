// The searches of the folder, above its runs.
import type { SearchInfo } from "../protocol.js";
import { h } from "./dom.js";
import { showFigure } from "./format.js";
import { formatHash, standardState } from "./view-state.js";

export class SearchList {
  readonly element = h("section", { class: "search-list", "aria-labelledby": "searches", hidden: true });
  #shown = "";

  update(searches: readonly SearchInfo[], current: string | undefined): void {
    const shown = JSON.stringify([searches, current]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.hidden = searches.length === 0;
    this.element.replaceChildren(
      h("h2", { id: "searches" }, "Searches"),
      h("ul", { class: "searches" }, ...searches.map((search) => itemOf(search, search.id === current))),
    );
  }
}

function itemOf({ id, name, done, nTrials, best, objective, error }: SearchInfo, current: boolean): HTMLElement {
  const href = formatHash({ ...standardState, view: "search", search: id });
  const figure = best === undefined ? "" : ` · best ${showFigure(objective?.name ?? "", best)}`;
  return h(
    "li",
    {},
    h("a", { href, title: id, "aria-current": current ? "page" : undefined }, name),
    h(
      "span",
      { class: "facts" },
      error === undefined ? `${done} of ${nTrials} trials${figure}` : "its record is damaged",
    ),
  );
}
