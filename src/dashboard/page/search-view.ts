// A search for settings: how far it has come, which settings led where, and which of them mattered.
import type { SearchAnswer, SearchInfo, SearchTrial } from "../protocol.js";
import { breakable, caption, h } from "./dom.js";
import { showFigure, showNumber, showSeconds, showTime, showValue, titleOf } from "./format.js";
import { axisOf, keptTrials, objectiveAxis, Parallel, type ParallelAxis } from "./parallel.js";
import { server } from "./server.js";
import { formatHash, standardState, type ViewState } from "./view-state.js";

export interface SearchViewHost {
  state(): ViewState;
  change(part: Partial<ViewState>): void;
  failed(error: unknown): void;
}

/** The name of the axis and column of what was reached: no parameter can have it. */
const OBJECTIVE = "=";

type Details = NonNullable<SearchAnswer["details"]>;

export class SearchView {
  readonly element = h("div", { class: "run-view search-view" });
  readonly #host: SearchViewHost;
  readonly #head = h("header", { class: "run-title" });
  readonly #facts = h("dl", { class: "facts-grid" });
  readonly #parallel: Parallel;
  readonly #kept = h("p", { class: "note kept", role: "status" });
  readonly #pointed = h("p", { class: "readout" });
  readonly #reset: HTMLButtonElement;
  readonly #compare = h("a", { class: "button" }, "Compare their curves");
  readonly #lines = h("section", { "aria-labelledby": "parallel" });
  readonly #importance = h("section", { "aria-labelledby": "importance" });
  readonly #table = h("section", { "aria-labelledby": "trials" });
  #rows = new Map<number, HTMLElement>();
  #answer: SearchAnswer | undefined;
  #asked = 0;
  #shown = "";

  constructor(host: SearchViewHost) {
    this.#host = host;
    this.#parallel = new Parallel({
      keep: (name, part) => {
        const { [name]: _, ...others } = host.state().keep;
        host.change({ keep: part ? { ...others, [name]: part } : others });
        this.#fill();
      },
      point: (trial) => this.#point(trial),
      open: ({ run }) => {
        if (run !== null) location.hash = runLink(run);
      },
    });
    const all = () => {
      host.change({ keep: {} });
      this.#fill();
    };
    this.#reset = h("button", { type: "button", onclick: all }, "Keep all");
    this.#lines.append(
      h("h2", { id: "parallel" }, "Settings and what they led to"),
      h("div", { class: "panel wide" }, this.#parallel.element, this.#pointed),
      h("div", { class: "section-tools" }, this.#kept, this.#reset, this.#compare),
    );
    this.element.append(this.#head, this.#facts, this.#lines, this.#importance, this.#table);
  }

  /** Shows a search, or what is new of it. */
  update(search: SearchInfo): void {
    if (this.#answer?.search.id !== search.id) this.#answer = undefined;
    void this.#load(search.id);
  }

  async #load(id: string): Promise<void> {
    const asked = ++this.#asked;
    try {
      const answer = await server.search(id);
      if (asked !== this.#asked) return;
      this.#answer = answer;
      this.#shown = "";
      this.#fill();
    } catch (error) {
      if (asked === this.#asked) this.#host.failed(error);
    }
  }

  #fill(): void {
    const answer = this.#answer;
    if (!answer) return;
    const { search, details } = answer;
    this.#title(search);
    this.#fillFacts(answer);
    for (const part of [this.#lines, this.#importance, this.#table]) part.hidden = details === null;
    if (!details) return;
    const { keep } = this.#host.state();
    const begun = details.trials.filter(({ state }) => state !== "waiting");
    const axes = axesOf(search, details, begun);
    const kept = keptTrials(axes, begun, keep);
    this.#parallel.show(axes, begun, keep, goodnessOf(search, begun));
    const narrowed = Object.keys(keep).length > 0;
    this.#kept.textContent = narrowed
      ? `${kept.size} of ${begun.length} trials are kept.`
      : `${begun.length} trials. Drag the ends of an axis, or move them with the arrow keys, to keep a part of them.`;
    this.#reset.hidden = !narrowed;
    const runs = [...kept].flatMap(({ run }) => run ?? []);
    this.#compare.setAttribute("href", formatHash({ ...standardState, runs }));
    this.#compare.hidden = runs.length === 0;
    this.#fillImportance(answer);
    this.#fillTable(answer, details, axes, kept);
  }

  #title({ name, id, error, done, nTrials }: SearchInfo): void {
    const shown = JSON.stringify([id, error, done, nTrials]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    const share = nTrials > 0 ? done / nTrials : 0;
    this.#head.replaceChildren(
      h("a", { href: "#/compare", class: "back" }, "← All runs"),
      h("h1", {}, "Search ", h("bdi", {}, name)),
      h("p", { class: "note" }, id === name ? "" : id),
    );
    if (share < 1 && error === undefined)
      this.#head.append(h("progress", { max: 1, value: share, "aria-label": "Trials that are done" }));
    if (error !== undefined) this.#head.append(h("p", { class: "failure", role: "alert" }, error));
  }

  #fillFacts({ search, details }: SearchAnswer): void {
    if (!details) {
      this.#facts.replaceChildren();
      return;
    }
    const { objective, best, began, done, nTrials } = search;
    const { sampler, pruner, seed, trials } = details;
    const failed = trials.filter(({ state }) => state === "failed").length;
    const facts: readonly (readonly [string, string | undefined])[] = [
      ["Trials", `${done} of ${nTrials} done`],
      ["Best", best === undefined ? undefined : showFigure(objective?.name ?? "", best)],
      ["Objective", objective ? `${titleOf(objective.name)}, ${objective.direction}d` : undefined],
      ["Values", sampler === "grid" ? "a grid" : `drawn at random, seed ${seed}`],
      ["Early ends", pruner ? pruner.type : "none"],
      ["Failed", failed > 0 ? String(failed) : undefined],
      ["Time of all trials", showSeconds(trials.reduce((sum, { seconds }) => sum + seconds, 0))],
      ["Begun", showTime(began)],
    ];
    this.#facts.replaceChildren(
      ...facts.flatMap(([name, value]) =>
        value === undefined ? [] : [h("div", {}, h("dt", {}, name), h("dd", {}, value))],
      ),
    );
  }

  #fillImportance({ importances }: SearchAnswer): void {
    const heading = h("h2", { id: "importance" }, "Which parameter mattered");
    if (!importances) {
      const why = "Nobody can say yet: that takes four trials that ended, with different values of the objective.";
      this.#importance.replaceChildren(heading, h("p", { class: "note" }, why));
      return;
    }
    const { shares, trials, at } = importances;
    const rows = Object.entries(shares).map(([name, share]) => {
      const bar = h("div", { class: "bar", "aria-hidden": "true" });
      bar.style.setProperty("--share", `${(100 * share).toFixed(1)}%`);
      return h(
        "tr",
        {},
        h("th", { scope: "row" }, name),
        h("td", { class: "number" }, `${Math.round(100 * share)} %`),
        h("td", { class: "bar-cell" }, bar),
      );
    });
    const compared = at === undefined ? "by what they reached" : `by their evaluation ${at}, which all have`;
    const hint = trials < 20 ? " From so few it is a hint, not a finding." : "";
    const note = `The share of the objective's variance that each explains alone, of ${trials} trials, ${compared}.${hint}`;
    const head = h(
      "tr",
      {},
      ...["parameter", "importance"].map((name) => h("th", { scope: "col" }, name)),
      h("td", {}),
    );
    this.#importance.replaceChildren(
      heading,
      h("p", { class: "note" }, note),
      h(
        "div",
        { class: "panel wide" },
        h(
          "table",
          { class: "importance" },
          caption("Importance of each parameter"),
          h("thead", {}, head),
          h("tbody", {}, ...rows),
        ),
      ),
    );
  }

  #fillTable(
    { search }: SearchAnswer,
    { space, trials }: Details,
    axes: readonly ParallelAxis[],
    kept: ReadonlySet<SearchTrial>,
  ): void {
    const focused = (document.activeElement as HTMLElement | null)?.dataset.sort;
    const { sort, keep } = this.#host.state();
    const names = Object.keys(space);
    const columns = columnsOf(search, axes);
    const narrowed = Object.keys(keep).length > 0;
    const shown = sorted(trials, columns, sort, search).filter((trial) => !narrowed || kept.has(trial));
    const by = sort?.replace(/^-/, "");
    const head = columns.map(({ id, title }) => {
      const order = by !== id ? undefined : sort?.startsWith("-") ? "descending" : "ascending";
      const next = order === "ascending" ? `-${id}` : id;
      const choose = () => {
        this.#host.change({ sort: next });
        this.#fill();
      };
      const mark = order === undefined ? "" : order === "ascending" ? " ↑" : " ↓";
      return h(
        "th",
        { scope: "col", "aria-sort": order, class: id === "#" || id === "state" ? undefined : "figure" },
        h("button", { type: "button", class: "sort", "data-sort": id, onclick: choose }, ...breakable(title), mark),
      );
    });
    this.#rows = new Map(shown.map((trial) => [trial.number, this.#rowOf(trial, names, search)]));
    this.#table.replaceChildren(
      h("h2", { id: "trials" }, narrowed ? "Trials that are kept" : "Trials"),
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of trials" },
        h(
          "table",
          { class: "trials-table" },
          caption("Trials, their values and what they reached"),
          h("thead", {}, h("tr", { class: "head" }, ...head)),
          h("tbody", {}, ...this.#rows.values()),
        ),
      ),
    );
    if (focused !== undefined) this.#table.querySelector<HTMLElement>(`[data-sort="${CSS.escape(focused)}"]`)?.focus();
  }

  #rowOf(trial: SearchTrial, names: readonly string[], { objective }: SearchInfo): HTMLElement {
    const { name, run, state, value, params, evaluations, seconds, error, best } = trial;
    const link = run === null ? name : h("a", { href: runLink(run) }, name);
    const ended = state === "pruned" ? `ended early at ${evaluations}` : state;
    const row = h(
      "tr",
      { "data-trial": trial.number },
      h("th", { scope: "row" }, link, best && " ", best && h("span", { class: "chip best" }, "★ best")),
      h("td", {}, h("span", { class: `status ${STATUS[state] ?? state}`, title: error }, ended)),
      h(
        "td",
        { class: `number${best ? " best" : ""}` },
        value === null ? "–" : showFigure(objective?.name ?? "", value),
      ),
      ...names.map((each) => h("td", { class: "number" }, showValue(params[each]))),
      h("td", { class: "number" }, seconds > 0 ? showSeconds(seconds) : "–"),
    );
    row.addEventListener("pointerenter", () => this.#point(trial));
    row.addEventListener("pointerleave", () => this.#point(undefined));
    row.addEventListener("focusin", () => this.#point(trial));
    row.addEventListener("focusout", () => this.#point(undefined));
    return row;
  }

  #point(trial: SearchTrial | undefined): void {
    this.#parallel.highlight(trial?.number);
    for (const [number, row] of this.#rows) row.classList.toggle("pointed", number === trial?.number);
    const settings = Object.entries(trial?.params ?? {}).map(([name, value]) => `${name} ${showValue(value)}`);
    this.#pointed.textContent = trial
      ? `${trial.name}: ${trial.value === null ? trial.state : showNumber(trial.value)} with ${settings.join(", ")}`
      : "";
  }
}

/** The list's colours of how runs stand, for how trials do. */
const STATUS: Readonly<Record<string, string>> = { complete: "finished", pruned: "interrupted", waiting: "unknown" };

function runLink(run: string): string {
  return formatHash({ ...standardState, view: "run", run });
}

function axesOf(search: SearchInfo, { space }: Details, begun: readonly SearchTrial[]): ParallelAxis[] {
  const title = search.objective?.name ?? "objective";
  return [
    ...Object.entries(space).map(([name, domain]) => axisOf(name, domain)),
    objectiveAxis(OBJECTIVE, title, begun),
  ];
}

/** From 0 for the worst to 1 for the best, by rank: one bad trial does not make all others alike. */
function goodnessOf({ objective }: SearchInfo, begun: readonly SearchTrial[]): (trial: SearchTrial) => number {
  const sign = objective?.direction === "maximize" ? 1 : -1;
  const values = begun.flatMap(({ value }) => value ?? []).sort((a, b) => sign * (a - b));
  return ({ value }) => (value === null || values.length < 2 ? 0 : values.lastIndexOf(value) / (values.length - 1));
}

interface Column {
  readonly id: string;
  readonly title: string;
  readonly of: (trial: SearchTrial) => string | number | undefined;
}

function columnsOf(search: SearchInfo, axes: readonly ParallelAxis[]): Column[] {
  const parameters = axes.slice(0, -1).map(({ name, shareOf }): Column => ({ id: name, title: name, of: shareOf }));
  return [
    { id: "#", title: "trial", of: ({ number }) => number },
    { id: "state", title: "state", of: ({ state }) => state },
    { id: OBJECTIVE, title: search.objective?.name ?? "objective", of: ({ value }) => value ?? undefined },
    ...parameters,
    { id: "seconds", title: "time", of: ({ seconds }) => seconds },
  ];
}

/** Trials in the order that is asked for; what has no value there comes last. */
function sorted(
  trials: readonly SearchTrial[],
  columns: readonly Column[],
  sort: string | undefined,
  { objective }: SearchInfo,
): SearchTrial[] {
  const standard = objective?.direction === "maximize" ? `-${OBJECTIVE}` : OBJECTIVE;
  const column = columns.find(({ id }) => id === sort?.replace(/^-/, ""));
  const { of } = column ?? { of: ({ value }: SearchTrial) => value ?? undefined };
  const sign = (column ? sort : standard)?.startsWith("-") ? -1 : 1;
  // Where nobody asks for another order, what came to its end stands before what did not.
  const rank = ({ state }: SearchTrial) => (column || state === "complete" ? 0 : state === "pruned" ? 1 : 2);
  return trials.toSorted((a, b) => {
    const [one, other] = [of(a), of(b)];
    if (rank(a) !== rank(b)) return rank(a) - rank(b);
    if (one === undefined || other === undefined)
      return Number(one === undefined) - Number(other === undefined) || a.number - b.number;
    const order =
      typeof one === "number" && typeof other === "number"
        ? one - other
        : String(one) < String(other)
          ? -1
          : one === other
            ? 0
            : 1;
    return sign * order || a.number - b.number;
  });
}
