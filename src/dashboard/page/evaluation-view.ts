// What an evaluation showed: which classes were taken for which, how far its confidence can be trusted, and the rows that
// it was furthest off at.
import type { CalibrationBin, EvaluationDetails, WorstExample } from "../../trainer/details/types.js";
import { breakable, caption, h, svg } from "./dom.js";
import { showNumber } from "./format.js";

export function evaluationView(details: EvaluationDetails): HTMLElement {
  const { kind, labels, rows, step, epoch } = details;
  const what =
    kind === "tokens"
      ? `${labels.toLocaleString("en")} tokens of ${rows.toLocaleString("en")} rows`
      : `${rows.toLocaleString("en")} rows`;
  return h(
    "div",
    { class: "evaluation" },
    h("p", { class: "note" }, `${what}, at step ${step.toLocaleString("en")}, epoch ${epoch.toFixed(2)}.`),
    h(
      "div",
      { class: "panels" },
      details.confusion && panel("Confusion", confusionTable(details.confusion, details.classes)),
      details.mistakes && panel("Most frequent mistakes", mistakesTable(details)),
      details.calibration && panel("Calibration", calibrationChart(details.calibration, details.calibrationError ?? 0)),
      details.points && panel("Predicted and actual", scatter(details.points)),
    ),
    panel("Worst predicted", worstTable(details)),
  );
}

function panel(title: string, content: HTMLElement): HTMLElement {
  return h("section", { class: "panel", "aria-label": title }, h("h3", {}, title), content);
}

function nameOf(classes: readonly string[], index: number): string {
  return classes[index] ?? String(index);
}

/** Rows are what is, columns what was predicted; the shade is the share of the row. */
function confusionTable(counts: readonly (readonly number[])[], classes: readonly string[]): HTMLElement {
  const head = h(
    "tr",
    {},
    h("td", { class: "corner" }, "actual\u00a0↓ predicted\u00a0→"),
    ...counts.map((_, i) => h("th", { scope: "col" }, ...breakable(nameOf(classes, i)))),
    h("th", { scope: "col" }, "recall"),
  );
  const rows = counts.map((row, actual) => {
    const sum = row.reduce((a, b) => a + b, 0);
    const cells = row.map((count, predicted) => {
      const share = sum > 0 ? count / sum : 0;
      const cell = h(
        "td",
        {
          class: actual === predicted ? "right" : "wrong",
          title: `${(100 * share).toFixed(1)} % of ${nameOf(classes, actual)} predicted as ${nameOf(classes, predicted)}`,
        },
        count.toLocaleString("en"),
      );
      cell.style.setProperty("--share", `${Math.round(100 * share)}%`);
      if (share > 0.55) cell.classList.add("strong");
      return cell;
    });
    return h(
      "tr",
      {},
      h("th", { scope: "row" }, ...breakable(nameOf(classes, actual))),
      ...cells,
      h("td", { class: "sum" }, sum > 0 ? `${((100 * row[actual]) / sum).toFixed(1)} %` : "–"),
    );
  });
  const precision = counts.map((row, i) => {
    const predicted = counts.reduce((sum, each) => sum + each[i], 0);
    return h("td", { class: "sum" }, predicted > 0 ? `${((100 * row[i]) / predicted).toFixed(1)} %` : "–");
  });
  rows.push(h("tr", {}, h("th", { scope: "row" }, "precision"), ...precision, h("td", {})));
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Confusion matrix" },
    h(
      "table",
      { class: "confusion" },
      caption("Actual classes in rows, predicted ones in columns"),
      h("thead", {}, head),
      h("tbody", {}, ...rows),
    ),
  );
}

function mistakesTable({ mistakes = [], classes }: EvaluationDetails): HTMLElement {
  const rows = mistakes
    .slice(0, 30)
    .map(({ actual, predicted, count }) =>
      h(
        "tr",
        {},
        h("td", {}, nameOf(classes, actual)),
        h("td", {}, nameOf(classes, predicted)),
        h("td", { class: "number" }, count.toLocaleString("en")),
      ),
    );
  const head = h("tr", {}, ...["actual", "predicted", "count"].map((name) => h("th", { scope: "col" }, name)));
  return h(
    "div",
    { class: "scroll", tabindex: 0, role: "region", "aria-label": "Most frequent mistakes" },
    h("table", {}, caption("Most frequent mistakes"), h("thead", {}, head), h("tbody", {}, ...rows)),
  );
}

const [SIZE, LEFT, TOP] = [240, 54, 8];
const place = (share: number) => LEFT + share * SIZE;
const height = (share: number) => TOP + (1 - share) * SIZE;

function frame(
  label: string,
  xName: string,
  yName: string,
  ticks: readonly [place: number, text: string][],
  yTicks: readonly [place: number, text: string][],
  ...content: SVGElement[]
): SVGElement {
  return svg(
    "svg",
    { viewBox: `0 0 ${SIZE + LEFT + 24} ${SIZE + TOP + 40}`, role: "img", "aria-label": label, class: "square" },
    ...ticks.map(([at, text]) => svg("text", { x: place(at), y: TOP + SIZE + 16, class: "tick middle" }, text)),
    ...yTicks.map(([at, text]) => svg("text", { x: LEFT - 6, y: height(at) + 4, class: "tick end" }, text)),
    ...ticks.map(([at]) => svg("path", { d: `M${place(at)} ${TOP}v${SIZE}`, class: "gridline" })),
    ...yTicks.map(([at]) => svg("path", { d: `M${LEFT} ${height(at)}h${SIZE}`, class: "gridline" })),
    svg("text", { x: place(0.5), y: TOP + SIZE + 34, class: "tick middle" }, xName),
    svg("text", { transform: `translate(11 ${height(0.5)}) rotate(-90)`, class: "tick middle" }, yName),
    svg("title", {}, `${yName} over ${xName}`),
    ...content,
  );
}

function calibrationChart(bins: readonly CalibrationBin[], error: number): HTMLElement {
  const shares = [0, 0.25, 0.5, 0.75, 1].map((at): [number, string] => [at, `${100 * at}%`]);
  const most = Math.max(...bins.map(({ count }) => count), 1);
  const bars = bins.map(({ count }, i) => {
    const tall = 0.22 * (count / most);
    return svg(
      "rect",
      { x: place(i / 10) + 1, width: SIZE / 10 - 2, y: height(tall), height: tall * SIZE, class: "count" },
      svg("title", {}, `${count} predictions`),
    );
  });
  const filled = bins.filter(({ count }) => count > 0);
  const path = filled
    .map(({ confidence, accuracy }, i) => `${i === 0 ? "M" : "L"}${place(confidence)} ${height(accuracy)}`)
    .join("");
  const dots = filled.map(({ confidence, accuracy, count }) =>
    svg(
      "circle",
      { cx: place(confidence), cy: height(accuracy), r: 4, class: "dot" },
      svg(
        "title",
        {},
        `confidence ${(100 * confidence).toFixed(1)} %, accuracy ${(100 * accuracy).toFixed(1)} %, ${count} predictions`,
      ),
    ),
  );
  const ideal = svg("path", { d: `M${place(0)} ${height(0)}L${place(1)} ${height(1)}`, class: "ideal" });
  const said = filled.map(
    ({ confidence, accuracy, count }) =>
      `of ${count} predictions with a confidence of ${(100 * confidence).toFixed(0)} % ${(100 * accuracy).toFixed(0)} % are right`,
  );
  const label = `Calibration curve: ${said.join("; ")}.`;
  return h(
    "div",
    {},
    frame(
      label,
      "confidence",
      "accuracy",
      shares,
      shares,
      ...bars,
      ideal,
      svg("path", { d: path, class: "curve" }),
      ...dots,
    ),
    h(
      "p",
      { class: "note" },
      `Expected calibration error ${(100 * error).toFixed(1)} %. Where the curve is below the diagonal the model is surer than it is right.`,
    ),
  );
}

function scatter(points: readonly (readonly [actual: number, predicted: number])[]): HTMLElement {
  const all = points.flat().filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const share = (value: number) => (high > low ? (value - low) / (high - low) : 0.5);
  const ticks = [0, 0.5, 1].map((at): [number, string] => [at, showNumber(low + at * (high - low))]);
  const dots = points.map(([actual, predicted]) =>
    svg("circle", { cx: place(share(actual)), cy: height(share(predicted)), r: 2.5, class: "dot faint" }),
  );
  const ideal = svg("path", { d: `M${place(0)} ${height(0)}L${place(1)} ${height(1)}`, class: "ideal" });
  return h(
    "div",
    {},
    frame(`Predicted over actual values of ${points.length} rows`, "actual", "predicted", ticks, ticks, ideal, ...dots),
    h("p", { class: "note" }, "On the diagonal a prediction is right."),
  );
}

function worstTable({ worst, classes, kind }: EvaluationDetails): HTMLElement {
  if (worst.length === 0) return h("p", { class: "note" }, "None.");
  return h("ol", { class: "worst" }, ...worst.map((row) => worstItem(row, classes, kind)));
}

function worstItem(
  { row, loss, actual, predicted, probability, confidence, texts }: WorstExample,
  classes: readonly string[],
  kind: EvaluationDetails["kind"],
): HTMLElement {
  const said =
    kind === "classes"
      ? [
          h("span", { class: "chip wrong" }, `${nameOf(classes, predicted)} ${percent(confidence)}`),
          h("span", { class: "chip" }, `is ${nameOf(classes, actual)} ${percent(probability)}`),
        ]
      : kind === "tokens"
        ? [h("span", { class: "chip wrong" }, `${predicted} of ${actual} tokens right`)]
        : [
            h("span", { class: "chip wrong" }, `predicted ${showNumber(predicted)}`),
            h("span", { class: "chip" }, `is ${showNumber(actual)}`),
          ];
  const names = Object.keys(texts);
  return h(
    "li",
    {},
    h(
      "div",
      { class: "worst-head" },
      ...said,
      h(
        "span",
        { class: "note" },
        `row ${row.toLocaleString("en")} · ${kind === "values" ? "off by" : "loss"} ${showNumber(loss)}`,
      ),
    ),
    ...names.map((name) =>
      h("p", { class: "text", dir: "auto" }, names.length > 1 && h("span", { class: "column" }, name), texts[name]),
    ),
  );
}

function percent(share: number | undefined): string {
  return share === undefined ? "" : `${(100 * share).toFixed(share > 0.999 || share < 0.001 ? 2 : 1)} %`;
}
