// With what the compared runs were made, as far as it differs between them, beside what they reached.
import type { RunInfo } from "../protocol.js";
import { colorVariable } from "./colors.js";
import { caption, h } from "./dom.js";
import { showFigure, showSeconds, showValue } from "./format.js";

const MOST_RUNS = 24;

export class Differences {
  readonly element = h("section", { "aria-labelledby": "differences", class: "differences" });
  #shown = "";

  /** @param nameOf What a run is called among all. */
  update(runs: readonly RunInfo[], nameOf: (id: string) => string): void {
    const compared = runs.slice(0, MOST_RUNS);
    const rows = rowsOf(compared);
    const shown = JSON.stringify([compared.map(({ id }) => [id, nameOf(id)]), rows]);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.element.hidden = runs.length === 0;
    const note =
      runs.length < 2
        ? "Choose two runs or more to see what differs between them."
        : rows.length === rows.findLastIndex(({ kind }) => kind === "result") + 1
          ? "The runs were made alike, as far as their manifests say."
          : runs.length > MOST_RUNS
            ? `The first ${MOST_RUNS} of ${runs.length} runs.`
            : "";
    const head = h("tr", {}, h("td", {}), ...compared.map(({ id }) => headOf(id, nameOf(id))));
    this.element.replaceChildren(
      h("h2", { id: "differences" }, "What differs"),
      h("p", { class: "note" }, note),
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of what differs" },
        h(
          "table",
          { class: "compare" },
          caption("What differs between the runs"),
          h("thead", {}, head),
          h("tbody", {}, ...rows.map(rowOf)),
        ),
      ),
    );
  }
}

interface Row {
  readonly kind: "result" | "made";
  readonly name: string;
  readonly values: readonly string[];
  /** The places of the best value. */
  readonly best: readonly number[];
}

function rowsOf(runs: readonly RunInfo[]): Row[] {
  const status: Row = { kind: "result", name: "status", values: runs.map((run) => run.status), best: [] };
  const seconds: Row = {
    kind: "result",
    name: "time of training",
    values: runs.map((run) => showSeconds(run.seconds)),
    best: [],
  };
  const keys = new Set(runs.flatMap(({ best }) => best?.key ?? []));
  const metrics = [...keys].map((key): Row => {
    const found = runs.map(({ best }) => (best?.key === key ? best : undefined));
    const numbers = found.flatMap((best) => best?.value ?? []);
    const top = found.find(Boolean)?.greater ? Math.max(...numbers) : Math.min(...numbers);
    return {
      kind: "result",
      name: `best ${key}`,
      values: found.map((best) =>
        best ? `${showFigure(key, best.value)} at step ${best.step.toLocaleString("en")}` : "–",
      ),
      best: numbers.length > 1 ? [...found.keys()].filter((i) => found[i]?.value === top) : [],
    };
  });
  const names = [...new Set(runs.flatMap(({ made }) => Object.keys(made)))].sort();
  const made = names
    .map((name): Row => ({ kind: "made", name, values: runs.map((run) => showValue(run.made[name])), best: [] }))
    .filter(({ values }) => new Set(values).size > 1)
    // What the plan made of an argument is news only where it is not the argument.
    .filter(({ name, values }, _, all) => {
      const argument = name.startsWith("plan.")
        ? all.find((row) => row.name === name.replace("plan.", "arguments."))
        : undefined;
      return String(argument?.values) !== String(values);
    });
  return runs.length === 0 ? [] : [status, seconds, ...metrics, ...(runs.length > 1 ? made : [])];
}

function headOf(id: string, name: string): HTMLElement {
  const swatch = h("span", { class: "swatch" });
  swatch.style.setProperty("--swatch", `var(${colorVariable(id)})`);
  return h("th", { scope: "col", title: id }, swatch, name);
}

function rowOf({ name, values, best }: Row): HTMLElement {
  const cells = values.map((value, i) =>
    h(
      "td",
      { class: best.includes(i) ? "best" : undefined },
      value,
      best.includes(i) && h("span", { class: "hidden" }, " (best)"),
    ),
  );
  return h("tr", {}, h("th", { scope: "row" }, name.replace(/^arguments\./, "")), ...cells);
}
