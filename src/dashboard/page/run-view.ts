// One run: how it stands, its charts, what its evaluations showed, its checkpoints, and with what it was made.
import type { RunAnswer, RunInfo, SearchInfo } from "../protocol.js";
import { caption, h } from "./dom.js";
import { evaluationView } from "./evaluation-view.js";
import { showBytes, showFigure, showNumber, showSeconds, showTime, titleOf } from "./format.js";
import { server } from "./server.js";
import { formatHash, standardState, type ViewState } from "./view-state.js";

export interface RunViewHost {
  state(): ViewState;
  change(part: Partial<ViewState>): void;
  failed(error: unknown): void;
  /** The search that a run is a trial of. */
  searchOf(run: string): SearchInfo | undefined;
}

export class RunView {
  readonly element = h("div", { class: "run-view" });
  readonly #host: RunViewHost;
  readonly #head = h("header", { class: "run-title" });
  readonly #facts = h("dl", { class: "facts-grid" });
  readonly #evaluation = h("div", {});
  readonly #evaluations = h("section", { "aria-labelledby": "evaluations" });
  readonly #picker: HTMLSelectElement;
  readonly #checkpoints = h("section", { "aria-labelledby": "checkpoints" });
  readonly #manifest = h("section", { "aria-labelledby": "manifest" });
  #id: string | undefined;
  #answer: RunAnswer | undefined;
  #asked = 0;
  #shown: string | undefined;

  /** @param charts The charts' element, and the toolbar above them: they are the page's, and stand here meanwhile. */
  constructor(host: RunViewHost, charts: readonly HTMLElement[]) {
    this.#host = host;
    this.#picker = h("select", { id: "evaluation-picker", onchange: () => this.#pick(this.#picker.value) });
    this.#evaluations.append(
      h(
        "div",
        { class: "section-head" },
        h("h2", { id: "evaluations" }, "Evaluations"),
        h("label", { for: "evaluation-picker" }, "of "),
        this.#picker,
      ),
      this.#evaluation,
    );
    this.element.append(this.#head, this.#facts, ...charts, this.#evaluations, this.#checkpoints, this.#manifest);
  }

  /** Shows a run, or what is new of it. */
  update(run: RunInfo): void {
    this.#title(run);
    this.#fillFacts(run);
    void this.#load(run.id);
  }

  async #load(id: string): Promise<void> {
    const asked = ++this.#asked;
    if (id !== this.#id) {
      this.#id = id;
      this.#answer = undefined;
      this.#shown = undefined;
      this.#evaluations.hidden = true;
      this.#checkpoints.replaceChildren();
      this.#manifest.replaceChildren();
    }
    try {
      const answer = await server.run(id);
      if (asked !== this.#asked) return;
      this.#answer = answer;
      this.#fillCheckpoints(answer);
      this.#fillManifest(answer);
      await this.#showEvaluation();
    } catch (error) {
      if (asked === this.#asked) this.#host.failed(error);
    }
  }

  #title({ name, id, status, reason, step, maxSteps }: RunInfo): void {
    const share = maxSteps ? step / maxSteps : undefined;
    const search = this.#host.searchOf(id);
    this.#head.replaceChildren(
      search
        ? h(
            "a",
            { href: formatHash({ ...standardState, view: "search", search: search.id }), class: "back" },
            "← Search ",
            h("bdi", {}, search.name),
          )
        : h("a", { href: "#/compare", class: "back" }, "← All runs"),
      h("h1", {}, name, " ", h("span", { class: `status ${status}` }, status)),
      h("p", { class: "note" }, id === name ? "" : id),
    );
    if (status === "running" && share !== undefined)
      this.#head.append(h("progress", { max: 1, value: share, "aria-label": "Progress" }));
    if (reason !== undefined) this.#head.append(h("p", { class: "failure", role: "alert" }, reason));
  }

  #fillFacts({ values, best, began, updated, seconds, step, maxSteps, epoch, damagedLines }: RunInfo): void {
    const facts: [string, string | undefined][] = [
      [
        "Steps",
        maxSteps === undefined
          ? step.toLocaleString("en")
          : `${step.toLocaleString("en")} of ${maxSteps.toLocaleString("en")}`,
      ],
      ["Epoch", epoch === undefined || epoch === null ? undefined : epoch.toFixed(2)],
      [
        best ? `Best ${titleOf(best.key).replace("Evaluation: ", "").toLowerCase()}` : "Best",
        best && `${showFigure(best.key, best.value)} at step ${best.step.toLocaleString("en")}`,
      ],
      ["Training loss", values.loss === undefined ? undefined : showNumber(values.loss)],
      [
        "Tokens per second",
        values.tokens_per_second === undefined ? undefined : Math.round(values.tokens_per_second).toLocaleString("en"),
      ],
      [
        "Share of padding",
        values.padding_share === undefined ? undefined : showFigure("padding_share", values.padding_share),
      ],
      ["Memory", values.memory === undefined ? undefined : showBytes(values.memory)],
      ["Time of training", seconds > 0 ? showSeconds(seconds) : undefined],
      ["Began", began === undefined ? undefined : showTime(began)],
      ["Last heard of", updated === undefined ? undefined : showTime(updated)],
      ["Damaged lines in its log", damagedLines > 0 ? String(damagedLines) : undefined],
    ];
    this.#facts.replaceChildren(
      ...facts.flatMap(([name, value]) =>
        value === undefined ? [] : [h("div", {}, h("dt", {}, name), h("dd", {}, value))],
      ),
    );
  }

  #pick(name: string): void {
    this.#host.change({ evaluation: name === "" ? undefined : name });
    void this.#showEvaluation();
  }

  async #showEvaluation(): Promise<void> {
    const { evaluations, run } = this.#answer ?? {};
    this.#evaluations.hidden = !evaluations || evaluations.length === 0;
    if (!evaluations || !run || evaluations.length === 0) return;
    const wanted = this.#host.state().evaluation;
    const chosen = evaluations.find(({ name }) => name === wanted) ?? evaluations[evaluations.length - 1];
    const several = new Set(evaluations.map(({ prefix }) => prefix)).size > 1;
    const options = evaluations.toReversed().map(({ name, prefix, step }, i) => {
      const best = run.best?.step === step ? " (best)" : "";
      const newest = i === 0 ? " (newest)" : "";
      return h(
        "option",
        { value: name, selected: name === chosen.name },
        `${several ? `${prefix}, ` : ""}step ${step.toLocaleString("en")}${newest}${best}`,
      );
    });
    this.#picker.replaceChildren(...options);
    this.#picker.value = chosen.name;
    if (this.#shown === chosen.name) return;
    this.#shown = chosen.name;
    const id = this.#id;
    try {
      const details = await server.evaluation(id ?? "", chosen.name);
      if (id === this.#id && this.#shown === chosen.name) this.#evaluation.replaceChildren(evaluationView(details));
    } catch (error) {
      this.#shown = undefined;
      this.#host.failed(error);
    }
  }

  #fillCheckpoints({ checkpoints }: RunAnswer): void {
    this.#checkpoints.replaceChildren(h("h2", { id: "checkpoints" }, "Checkpoints"));
    if (checkpoints.length === 0) {
      this.#checkpoints.append(h("p", { class: "note" }, "None on the disk."));
      return;
    }
    const head = h("tr", {}, ...["folder", "step", "written", "note"].map((name) => h("th", { scope: "col" }, name)));
    const rows = checkpoints.map(({ name, step, written, best }, i) => {
      const notes = [
        best && h("span", { class: "chip best" }, "★ best"),
        i === checkpoints.length - 1 && h("span", { class: "chip" }, "newest"),
      ];
      return h(
        "tr",
        { class: best ? "best-row" : undefined },
        h("th", { scope: "row" }, name),
        h("td", { class: "number" }, step.toLocaleString("en")),
        h("td", {}, written === undefined ? "–" : showTime(written)),
        h("td", {}, ...notes),
      );
    });
    this.#checkpoints.append(
      h(
        "div",
        { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of checkpoints" },
        h("table", {}, caption("Checkpoints on the disk"), h("thead", {}, head), h("tbody", {}, ...rows)),
      ),
    );
  }

  #fillManifest({ manifest }: RunAnswer): void {
    const open = this.#manifest.querySelector("details")?.open ?? false;
    const content = manifest
      ? h(
          "details",
          { open },
          h("summary", {}, "Versions, machine, arguments, model, data"),
          h("pre", { tabindex: 0 }, JSON.stringify(manifest, null, 2)),
        )
      : h("p", { class: "note" }, "This folder has none.");
    this.#manifest.replaceChildren(h("h2", { id: "manifest" }, "Manifest"), content);
  }
}
