// The page: keeps what the server has said of the runs, follows it, and shows the view that the address asks for.
import "uplot/dist/uPlot.min.css";
import type { RunInfo, SearchInfo } from "../protocol.js";
import { Charts } from "./charts.js";
import { assignColors } from "./colors.js";
import { Differences } from "./differences.js";
import { h, oncePerFrame, whenQuiet } from "./dom.js";
import { emptyFolder } from "./empty.js";
import { Legend } from "./legend.js";
import { distinctNames } from "./names.js";
import { RunList } from "./run-list.js";
import { RunView } from "./run-view.js";
import { SearchList } from "./search-list.js";
import { SearchView } from "./search-view.js";
import { connect, Refused, server } from "./server.js";
import { currentTheme, followTheme, nextTheme } from "./theme.js";
import { Toolbar } from "./toolbar.js";
import { formatHash, parseHash, type ViewState } from "./view-state.js";

/** Runs that are compared where nobody has chosen. */
const SHOWN_AT_FIRST = 10;

class Page {
  readonly #runs = new Map<string, RunInfo>();
  #names: ReadonlyMap<string, string> = new Map();
  #searches: readonly SearchInfo[] = [];
  #state: ViewState;
  #loading = true;
  #folder = "";
  readonly #folderName = h("bdi", {});
  readonly #connection = h("span", { class: "connection", role: "status" });
  readonly #message = h("div", { class: "message", role: "alert", hidden: true });
  readonly #main = h("main", { id: "main", tabindex: -1 });
  readonly #charts: Charts;
  readonly #toolbar: Toolbar;
  readonly #legend = new Legend();
  readonly #controls = h("div", { class: "controls" });
  readonly #searchList = new SearchList();
  readonly #list: RunList;
  readonly #differences = new Differences();
  readonly #compare = h("div", {});
  readonly #compareHead = h("h1", { class: "hidden" }, "Comparison of runs");
  readonly #empty = h("div", { class: "empty", hidden: true });
  readonly #runView: RunView;
  readonly #searchView: SearchView;
  readonly #update = oncePerFrame(() => this.#show());
  readonly #addressSoon = whenQuiet(() => this.#setAddress(), 200);

  constructor(root: HTMLElement) {
    this.#state = parseHash(location.hash);
    this.#charts = new Charts({
      state: () => this.#state,
      change: (part, moving) => this.#change(part, moving),
      nameOf: (id) => this.#nameOf(id),
      failed: (error) => this.#failed(error),
    });
    this.#toolbar = new Toolbar(this.#charts, (part) => this.#change(part));
    this.#controls.append(this.#toolbar.element, this.#legend.element);
    this.#list = new RunList(
      { choose: (runs) => this.#choose(runs), nameOf: (id) => this.#nameOf(id) },
      this.#searchList.element,
    );
    const slot = h("div", { class: "charts-slot" });
    const host = {
      state: () => this.#state,
      change: (part: Partial<ViewState>) => this.#change(part),
      failed: (error: unknown) => this.#failed(error),
      searchOf: (run: string) => this.#searches.find(({ id }) => run.startsWith(id === "." ? "" : `${id}/`)),
    };
    this.#runView = new RunView(host, [slot]);
    this.#searchView = new SearchView(host);
    const theme = h("button", { type: "button", class: "theme", onclick: () => this.#nextTheme(theme) });
    theme.textContent = `Theme: ${currentTheme()}`;
    root.replaceChildren(
      h("a", { class: "skip", href: "#main", onclick: (event) => this.#skip(event) }, "To the charts"),
      h(
        "header",
        { class: "top" },
        h("a", { class: "brand", href: "#/compare" }, "Attune"),
        h("span", { class: "folder" }, this.#folderName),
        this.#connection,
        theme,
      ),
      this.#message,
      h("div", { class: "layout" }, this.#list.element, this.#main),
    );
    this.#compare.append(this.#compareHead, this.#empty);
    this.#slots = { run: slot, compare: h("div", {}) };
    this.#compare.append(this.#slots.compare, this.#differences.element);
    root.addEventListener("click", (event) => this.#follow(event));
    followTheme(() => this.#charts.redraw());
    window.addEventListener("hashchange", () => this.#onAddress());
    // The token is in a cookie now, and need not stand in the address, which people copy.
    if (location.search !== "") history.replaceState(null, "", `${location.pathname}${location.hash}`);
    connect({
      onOpen: () => void this.#load(),
      onRuns: ({ changed, gone, loading, searches }) => {
        if (searches) this.#searches = searches;
        for (const run of changed) this.#runs.set(run.id, run);
        for (const id of gone) this.#runs.delete(id);
        this.#loading = loading;
        this.#update();
      },
      onLost: () => {
        this.#connection.textContent = "connection lost, trying again…";
        this.#connection.classList.add("lost");
        void this.#sayWhy();
      },
    });
    this.#update();
  }

  readonly #slots: { readonly run: HTMLElement; readonly compare: HTMLElement };

  async #load(): Promise<void> {
    try {
      const { folder, runs, searches, loading } = await server.runs();
      this.#searches = searches;
      this.#folder = folder;
      this.#runs.clear();
      for (const run of runs) this.#runs.set(run.id, run);
      this.#loading = loading;
      this.#connection.textContent = "live";
      this.#connection.classList.remove("lost");
      this.#message.hidden = true;
      this.#update();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** A server that was started anew with another token does not know this page. */
  async #sayWhy(): Promise<void> {
    await server.runs().catch((error: unknown) => {
      if (error instanceof Refused) this.#failed(error);
    });
  }

  #failed(error: unknown): void {
    if (error instanceof TypeError) return; // no connection: the header says so
    this.#message.hidden = false;
    this.#message.textContent = error instanceof Error ? error.message : String(error);
  }

  #nameOf(id: string): string {
    return this.#names.get(id) ?? id;
  }

  /** @param moving More of it follows at once: browsers do not take an address for each frame. */
  #change(part: Partial<ViewState>, moving = false): void {
    this.#state = { ...this.#state, ...part };
    this.#toolbar.update(this.#state);
    if (moving) this.#addressSoon();
    else this.#setAddress();
  }

  #setAddress(): void {
    const address = formatHash(this.#state);
    if (address !== location.hash) history.replaceState(null, "", address);
  }

  #onAddress(): void {
    const before = this.#state;
    this.#state = parseHash(location.hash);
    const place = ({ view, run, search }: ViewState) => `${view} ${run} ${search}`;
    if (place(before) !== place(this.#state)) window.scrollTo(0, 0);
    this.#charts.redraw();
    this.#update();
  }

  #choose(runs: readonly string[] | "all"): void {
    this.#change({
      runs: runs.length === this.#runs.size ? "all" : runs,
      view: "compare",
      run: undefined,
      search: undefined,
      evaluation: undefined,
    });
    this.#update();
  }

  /** Links within the page say where to go; how charts are drawn, and which runs are compared, stays as it is. */
  #follow(event: MouseEvent): void {
    const link = (event.target as Element).closest("a[href^='#/']:not(.brand)");
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const { axis, smoothing, log, runs } = this.#state;
    const to = parseHash(link.getAttribute("href") ?? "");
    location.hash = formatHash({ ...to, axis, smoothing, log, runs: to.runs ?? runs });
  }

  /** Moves on to the charts without touching the address, which holds the view. */
  #skip(event: Event): void {
    event.preventDefault();
    this.#main.focus();
  }

  #nextTheme(button: HTMLElement): void {
    button.textContent = `Theme: ${nextTheme()}`;
    this.#charts.redraw();
  }

  #show(): void {
    const runs = [...this.#runs.values()].sort((a, b) => (b.began ?? 0) - (a.began ?? 0) || (a.id < b.id ? -1 : 1));
    this.#names = distinctNames(runs);
    assignColors(runs.map(({ id }) => id).reverse());
    this.#sayReading(runs);
    this.#folderName.textContent = this.#folder;
    this.#folderName.title = this.#folder;
    const { view, run: id, runs: chosen } = this.#state;
    const shown =
      chosen === "all" ? runs : chosen ? runs.filter((run) => chosen.includes(run.id)) : runs.slice(0, SHOWN_AT_FIRST);
    const run = view === "run" && id !== undefined ? this.#runs.get(id) : undefined;
    const search = view === "search" ? this.#searches.find((each) => each.id === this.#state.search) : undefined;
    this.#searchList.update(this.#searches, search?.id);
    this.#list.update(runs, new Set(shown.map((each) => each.id)), run?.id);
    this.#toolbar.update(this.#state);
    document.title = run ? `${run.name} · Attune` : search ? `Search ${search.name} · Attune` : "Attune: runs";
    this.#place(run ? "run" : search ? "search" : "compare");
    this.#sayEmpty(runs.length, shown.length);
    if (search) this.#searchView.update(search);
    else if (run) {
      this.#legend.update([]);
      this.#charts.show([run.id], run.keys);
      this.#runView.update(run);
    } else {
      this.#legend.update(shown.map(({ id }) => [id, this.#nameOf(id)]));
      this.#charts.show(
        shown.map((each) => each.id),
        [...new Set(shown.flatMap(({ keys }) => keys))],
      );
      this.#differences.update(shown, (id) => this.#nameOf(id));
    }
  }

  /** Long logs take their time; until they are read their curves are drawn from samples. */
  #sayReading(runs: readonly RunInfo[]): void {
    if (this.#connection.classList.contains("lost")) return;
    const text = runs.some(({ rough }) => rough) ? "live, long logs are being read" : "live";
    if (this.#connection.textContent !== "" && this.#connection.textContent !== text)
      this.#connection.textContent = text;
  }

  /** There is one toolbar and one set of charts: they stand in the view that is shown. */
  #place(view: ViewState["view"]): void {
    const views = { run: this.#runView.element, search: this.#searchView.element, compare: this.#compare };
    const content = views[view];
    if (this.#main.firstChild === content) return;
    if (view !== "search") this.#slots[view].replaceChildren(this.#controls, this.#charts.element);
    this.#main.replaceChildren(content);
  }

  #sayEmpty(all: number, shown: number): void {
    const { view, run, search } = this.#state;
    const gone =
      (view === "run" && run !== undefined && !this.#runs.has(run)) ||
      (view === "search" && !this.#searches.some(({ id }) => id === search));
    this.#empty.hidden = !gone && shown > 0;
    this.#slots.compare.hidden = shown === 0;
    if (!gone && all === 0 && !this.#loading) {
      this.#empty.replaceChildren(...emptyFolder(this.#folder));
      return;
    }
    const lines =
      gone && !this.#loading
        ? [`The ${view} ${view === "run" ? run : search} is not there any more.`]
        : all === 0
          ? ["Reading the runs…"]
          : ["No run is chosen.", "Choose some in the list."];
    this.#empty.replaceChildren(...lines.map((line, i) => h(i === 0 ? "strong" : "p", {}, line)));
  }
}

const root = document.getElementById("app");
if (root) new Page(root);
