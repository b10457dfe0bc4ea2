// What the page shows, and the part of its address that says so: a link to it shows the same.
import type { Axis } from "../protocol.js";

export interface ViewState {
  readonly view: "compare" | "run" | "search";
  /** Of the view "run". */
  readonly run: string | undefined;
  /** Of the view "search". */
  readonly search: string | undefined;
  /** Of the view "search": the trials that are kept, by the part of each axis that they lie in, as shares of the axis. */
  readonly keep: Readonly<Record<string, readonly [low: number, high: number]>>;
  /** Of the view "search": the column that the table is sorted by, after a minus the other way round. The best first where it is absent. */
  readonly sort: string | undefined;
  /** The evaluation that is looked at: its file's name. The newest where it is absent. */
  readonly evaluation: string | undefined;
  /** The runs that are compared; "all", or the newest few where it is absent. */
  readonly runs: readonly string[] | "all" | undefined;
  readonly axis: Axis;
  /** 0 to below 1. */
  readonly smoothing: number;
  /** Figures on a logarithmic axis. */
  readonly log: readonly string[];
  /** The part of the axis that is shown; all where it is absent. */
  readonly range: readonly [from: number, to: number] | undefined;
}

export const standardState: ViewState = {
  view: "compare",
  run: undefined,
  search: undefined,
  keep: {},
  sort: undefined,
  evaluation: undefined,
  runs: undefined,
  axis: "step",
  smoothing: 0,
  log: [],
  range: undefined,
};

export function parseHash(hash: string): ViewState {
  const [view, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const given = new URLSearchParams(query);
  const id = given.get("id") ?? undefined;
  const all = given.get("runs");
  const axis = given.get("axis");
  const smoothing = Number(given.get("smooth") ?? 0);
  const [from, to] = [given.get("from"), given.get("to")].map((text) => (text === null ? Number.NaN : Number(text)));
  return {
    view: (view === "run" || view === "search") && id !== undefined ? view : "compare",
    run: view === "run" ? id : undefined,
    search: view === "search" ? id : undefined,
    keep: parseKeep(given.getAll("keep")),
    sort: given.get("sort") ?? undefined,
    evaluation: given.get("eval") ?? undefined,
    runs: all === "*" ? "all" : given.has("run") || given.has("none") ? given.getAll("run") : undefined,
    axis: axis === "time" || axis === "tokens" ? axis : "step",
    smoothing: smoothing >= 0 && smoothing < 1 ? smoothing : 0,
    log: given.getAll("log"),
    range: from < to ? [from, to] : undefined,
  };
}

/** Texts as `0.25-1-learningRate`; what is none is left out. */
function parseKeep(texts: readonly string[]): ViewState["keep"] {
  const parts = texts.flatMap((text) => {
    const [, low, high, name] = /^([\d.]+)-([\d.]+)-(.+)$/.exec(text) ?? [];
    const ends = [Number(low), Number(high)] as const;
    return name !== undefined && ends[0] <= ends[1] ? [[name, ends] as const] : [];
  });
  return Object.fromEntries(parts);
}

export function formatHash(state: ViewState): string {
  const query = new URLSearchParams();
  if (state.view === "run" && state.run !== undefined) query.set("id", state.run);
  if (state.view === "search" && state.search !== undefined) {
    query.set("id", state.search);
    for (const [name, [low, high]] of Object.entries(state.keep)) query.append("keep", `${low}-${high}-${name}`);
    if (state.sort !== undefined) query.set("sort", state.sort);
  }
  if (state.evaluation !== undefined) query.set("eval", state.evaluation);
  if (state.runs === "all") query.set("runs", "*");
  else for (const run of state.runs ?? []) query.append("run", run);
  if (Array.isArray(state.runs) && state.runs.length === 0) query.set("none", "1");
  if (state.axis !== "step") query.set("axis", state.axis);
  if (state.smoothing > 0) query.set("smooth", String(state.smoothing));
  for (const key of state.log) query.append("log", key);
  if (state.range) {
    const [from, to] = state.range;
    query.set("from", String(Number(from.toPrecision(8))));
    query.set("to", String(Number(to.toPrecision(8))));
  }
  const text = query.toString();
  return `#/${state.view}${text === "" ? "" : `?${text}`}`;
}
