// The runs: which there are, how they stand, and which of them are compared. It is the charts' legend, too.
import type { RunInfo } from "../protocol.js";
import { colorVariable } from "./colors.js";
import { h } from "./dom.js";
import { showFigure, showNumber, showTime, titleOf } from "./format.js";
import { formatHash, standardState } from "./view-state.js";

export interface RunListHost {
  choose(runs: readonly string[] | "all"): void;
  /** What a run is called among the others. */
  nameOf(id: string): string;
}

export class RunList {
  readonly element: HTMLElement;
  readonly #host: RunListHost;
  readonly #list = h("ul", { class: "runs" });
  readonly #filter: HTMLInputElement;
  readonly #tools = h("div", { class: "run-tools" });
  readonly #summary = h("summary", {}, "Runs");
  readonly #count = h("p", { class: "note", role: "status" });
  readonly #rows = new Map<string, Row>();
  #runs: readonly RunInfo[] = [];
  #chosen: ReadonlySet<string> = new Set();

  /** @param above What stands above the runs. */
  constructor(host: RunListHost, above: HTMLElement) {
    this.#host = host;
    this.#filter = h("input", {
      type: "search",
      placeholder: "Filter runs",
      "aria-label": "Filter runs by name, folder or status",
      oninput: () => this.#applyFilter(),
    });
    const button = (text: string, choose: () => readonly string[]) =>
      h("button", { type: "button", class: "small", onclick: () => host.choose(choose()) }, text);
    this.#tools.append(
      this.#filter,
      button("All", () => this.#filtered().map(({ id }) => id)),
      button("None", () => []),
    );
    const details = h("details", { class: "run-list" }, this.#summary, this.#tools, this.#count, this.#list);
    // Beside the charts it is always open; above them, on a narrow screen, it can be folded.
    const wide = matchMedia("(min-width: 60rem)");
    details.open = wide.matches;
    wide.addEventListener("change", () => {
      details.open = wide.matches;
    });
    this.element = h("nav", { class: "sidebar", "aria-label": "Runs" }, above, details);
  }

  update(runs: readonly RunInfo[], chosen: ReadonlySet<string>, current: string | undefined): void {
    this.#runs = runs;
    this.#chosen = chosen;
    this.#summary.textContent = runs.length === 0 ? "Runs" : `Runs (${chosen.size} of ${runs.length} shown)`;
    this.#tools.hidden = runs.length === 0;
    const wanted = new Set(runs.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (wanted.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    for (const [i, run] of runs.entries()) {
      let row = this.#rows.get(run.id);
      if (!row) {
        row = new Row(run.id, (checked) => this.#toggle(run.id, checked));
        this.#rows.set(run.id, row);
      }
      row.update({ ...run, name: this.#host.nameOf(run.id) }, chosen.has(run.id), run.id === current);
      if (this.#list.children[i] !== row.element) this.#list.insertBefore(row.element, this.#list.children[i] ?? null);
    }
    this.#applyFilter();
  }

  #toggle(id: string, checked: boolean): void {
    const chosen = this.#runs.map((run) => run.id).filter((each) => (each === id ? checked : this.#chosen.has(each)));
    this.#host.choose(chosen);
  }

  #filtered(): readonly RunInfo[] {
    const words = this.#filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    return this.#runs.filter(({ id, name, status }) =>
      words.every((word) => `${id} ${name} ${status}`.toLowerCase().includes(word)),
    );
  }

  #applyFilter(): void {
    const found = new Set(this.#filtered().map(({ id }) => id));
    for (const [id, row] of this.#rows) row.element.hidden = !found.has(id);
    const some = this.#filter.value.trim() !== "";
    this.#count.textContent = some ? `${found.size} of ${this.#runs.length} runs` : "";
  }
}

class Row {
  readonly element: HTMLLIElement;
  readonly #box: HTMLInputElement;
  readonly #name: HTMLAnchorElement;
  readonly #status = h("span", { class: "status" });
  readonly #facts = h("span", { class: "facts" });
  readonly #progress = h("progress", { max: 1 });

  constructor(id: string, choose: (checked: boolean) => void) {
    this.#box = h("input", { type: "checkbox", onchange: () => choose(this.#box.checked) });
    this.#box.style.setProperty("--swatch", `var(${colorVariable(id)})`);
    this.#name = h("a", { href: formatHash({ ...standardState, view: "run", run: id }) });
    this.element = h(
      "li",
      { "data-run": id },
      this.#box,
      h(
        "div",
        { class: "run-body" },
        h("div", { class: "run-head" }, this.#name, this.#status),
        this.#facts,
        this.#progress,
      ),
    );
  }

  update(
    { id, name, status, step, maxSteps, best, values, began, damagedLines, rough }: RunInfo,
    chosen: boolean,
    current: boolean,
  ): void {
    this.#box.checked = chosen;
    this.#box.setAttribute("aria-label", `Show ${name} in the charts`);
    this.#name.textContent = name;
    this.#name.title = id === name ? name : `${name} (${id})`;
    if (current) this.#name.setAttribute("aria-current", "page");
    else this.#name.removeAttribute("aria-current");
    this.#status.textContent = status;
    this.#status.className = `status ${status}`;
    const figure = best
      ? `${titleOf(best.key).replace("Evaluation: ", "").replace("Evaluation loss", "eval loss")} ${showFigure(best.key, best.value)}`
      : `loss ${showNumber(values.loss)}`;
    const damaged = damagedLines > 0 ? ` · ${damagedLines} damaged ${damagedLines === 1 ? "line" : "lines"}` : "";
    const steps =
      maxSteps === undefined
        ? `${step.toLocaleString("en")} steps`
        : `${step.toLocaleString("en")} / ${maxSteps.toLocaleString("en")}`;
    this.#facts.textContent = `${figure} · ${steps}${damaged}${rough ? " · being read" : ""}`;
    this.#facts.title = began === undefined ? "" : `began ${showTime(began)}`;
    this.#progress.hidden = status !== "running" || maxSteps === undefined;
    this.#progress.value = maxSteps ? step / maxSteps : 0;
    this.#progress.setAttribute("aria-label", `Progress of ${name}`);
  }
}
