// Watches an evaluation and gathers its details. What it cannot say anything about (spans, several labels for a row,
// outputs other than logits) it lets pass.
import type { Accelerator } from "../../accelerate/index.js";
import type { Batch } from "../../batches/index.js";
import type { Dataset } from "../../datasets/index.js";
import { ClassifierOutput } from "../../models/outputs.js";
import type { Tensor } from "../../tensor/index.js";
import type { PreTrainedTokenizer } from "../../tokenizers/index.js";
import { IGNORED, type ModelResult, type TrainableModel } from "../model.js";
import { ClassCounts, predictClass } from "./class-counts.js";
import type { EvaluationDetails, WorstExample } from "./types.js";
import { Worst } from "./worst.js";

const WORST_EXAMPLES = 20;
const MOST_POINTS = 500;
const LONGEST_TEXT = 600;

type Kind = EvaluationDetails["kind"];

interface Candidate extends Omit<WorstExample, "texts"> {
  /** The row's tokens, by which it is known again in the dataset. */
  readonly ids: readonly number[];
}

/** What is seen of a batch. */
interface Seen {
  readonly logits: Tensor;
  readonly labels: Tensor;
  readonly input_ids?: Tensor;
  readonly attention_mask?: Tensor;
}

/** Where the run stands, and what the evaluation is called. */
export type DetailsPlace = Pick<EvaluationDetails, "prefix" | "step" | "epoch">;

export class DetailsCollector {
  readonly #model: TrainableModel;
  readonly #accelerator: Accelerator | undefined;
  readonly #worst = new Worst<Candidate>(WORST_EXAMPLES);
  readonly #points: [actual: number, predicted: number][] = [];
  #kind: Kind | undefined;
  #counts: ClassCounts | undefined;
  #rows = 0;
  #values = 0;
  #readsOn = true;

  /** @param accelerator Whose processes share the rows: each takes in the batches of all, and comes to the same. Default: one process. */
  constructor(model: TrainableModel, accelerator?: Accelerator) {
    this.#model = model;
    this.#accelerator = accelerator;
  }

  /** Takes in a batch; batches come in the order of the rows. Resolves when its values are there. */
  async add(output: ModelResult, batch: Batch): Promise<void> {
    if (!this.#readsOn || !batch.labels) return;
    // Logits of a masked model are as wide as its vocabulary, and computed only when they are read: they are left alone.
    const own = batch.labels.rank === 1 || output instanceof ClassifierOutput ? output.logits : undefined;
    const kind = own && kindOf(own.shape, batch.labels.shape, batch.labels.dtype);
    if (!own || !kind || (this.#kind ?? kind) !== kind) {
      this.#readsOn = false;
      return;
    }
    this.#kind = kind;
    const { logits, labels, input_ids, attention_mask } = this.#ofAll({
      logits: own,
      labels: batch.labels,
      ...(batch.input_ids && { input_ids: batch.input_ids }),
      ...(batch.attention_mask && { attention_mask: batch.attention_mask }),
    });
    const first = this.#rows;
    this.#rows += labels.shape[0];
    const width = logits.shape.at(-1) ?? 1;
    const length = input_ids?.shape.at(-1) ?? 0;
    const [scores, actual, ids, mask] = await Promise.all([
      logits.data(),
      labels.data(),
      input_ids?.host ?? input_ids?.data(),
      attention_mask?.host ?? attention_mask?.data(),
    ]);
    const idsOf = (row: number): number[] => {
      const own = Array.from(ids?.subarray(row * length, (row + 1) * length) ?? [], Number);
      return mask ? own.filter((_, i) => mask[row * length + i] !== 0) : own;
    };
    const values = {
      scores: scores as Float32Array,
      actual: actual as ArrayLike<number>,
      rows: labels.shape[0],
      width,
    };
    if (kind === "values") this.#addValues(values, first, idsOf);
    else this.#addClasses(values, labels.size / labels.shape[0], first, idsOf);
  }

  /** Of all processes, in the order of the rows; labels and tokens of unequal lengths are filled up. */
  #ofAll({ logits, labels, ...tokens }: Seen): Seen {
    const accelerator = this.#accelerator;
    if (!accelerator || accelerator.numProcesses === 1) return { logits, labels, ...tokens };
    return accelerator.gatherForMetrics({
      ...accelerator.padAcrossProcesses({ logits, labels }, { dim: 1, padIndex: IGNORED }),
      ...accelerator.padAcrossProcesses(tokens, { dim: 1 }),
    });
  }

  /** All of it; undefined where there was nothing to say. @param dataset The rows that were evaluated, with their texts. */
  finish(
    dataset: Dataset<object>,
    tokenizer: PreTrainedTokenizer | undefined,
    place: DetailsPlace,
  ): EvaluationDetails | undefined {
    const labels = this.#counts?.labels ?? this.#values;
    if (this.#kind === undefined || !this.#readsOn || labels === 0) return undefined;
    const names = this.#model.config?.id2label ?? {};
    return {
      version: 1,
      kind: this.#kind,
      ...place,
      time: Date.now(),
      rows: this.#rows,
      labels,
      classes: this.#kind === "values" ? [] : Object.keys(names).map((id) => names[Number(id)]),
      ...this.#counts?.result(),
      ...(this.#kind === "values" ? { points: this.#points } : {}),
      worst: this.#worst.rows.map(({ ids, ...row }) => ({ ...row, texts: textsOf(row.row, ids, dataset, tokenizer) })),
    };
  }

  #addValues({ scores, actual, rows }: Values, first: number, idsOf: (row: number) => number[]): void {
    for (let i = 0; i < rows; i++) {
      const loss = Math.abs(scores[i] - actual[i]);
      if (this.#values++ < MOST_POINTS) this.#points.push([actual[i], scores[i]]);
      if (!this.#worst.takes(loss)) continue;
      this.#worst.add({ row: first + i, loss, actual: actual[i], predicted: scores[i], ids: idsOf(i) });
    }
  }

  /** @param each Labels of a row: one, or one for each token. */
  #addClasses(
    { scores, actual, rows, width }: Values,
    each: number,
    first: number,
    idsOf: (row: number) => number[],
  ): void {
    this.#counts ??= new ClassCounts(width);
    for (let i = 0; i < rows; i++) {
      let [sum, labels, right] = [0, 0, 0];
      let last: ReturnType<typeof predictClass> | undefined;
      for (let at = i * each; at < (i + 1) * each; at++) {
        if (actual[at] === IGNORED) continue;
        last = predictClass(scores.subarray(at * width, (at + 1) * width), actual[at]);
        this.#counts.add(actual[at], last);
        sum += last.loss;
        labels++;
        if (last.predicted === actual[at]) right++;
      }
      if (!last || !this.#worst.takes(sum / labels)) continue;
      const { predicted, probability, confidence } = last;
      const found =
        this.#kind === "tokens"
          ? { actual: labels, predicted: right }
          : { actual: actual[i], predicted, probability, confidence };
      this.#worst.add({ row: first + i, loss: sum / labels, ...found, ids: idsOf(i) });
    }
  }
}

interface Values {
  readonly scores: Float32Array;
  readonly actual: ArrayLike<number>;
  readonly rows: number;
  readonly width: number;
}

function kindOf(logits: readonly number[], labels: readonly number[], dtype: string): Kind | undefined {
  const whole = !dtype.startsWith("float");
  const leading = (count: number) => labels.every((size, i) => size === logits[i]) && logits.length === count;
  if (whole && labels.length === 1 && leading(2) && logits[1] > 1) return "classes";
  if (whole && labels.length === 2 && leading(3)) return "tokens";
  if (!whole && labels.length === 1 && (leading(1) || (leading(2) && logits[1] === 1))) return "values";
  return undefined;
}

/** The texts of a row, if it is the one with these tokens: a loader of one's own may have another order. */
function textsOf(
  row: number,
  ids: readonly number[],
  dataset: Dataset<object>,
  tokenizer: PreTrainedTokenizer | undefined,
): Record<string, string> {
  const found: Readonly<Record<string, unknown>> = row < dataset.length ? { ...dataset.slice(row, row + 1)[0] } : {};
  const same =
    !Array.isArray(found.input_ids) && !ArrayBuffer.isView(found.input_ids)
      ? ids.length === 0
      : Array.from(found.input_ids as ArrayLike<number>).every((id, i) => id === ids[i]);
  const texts = same
    ? Object.entries(found)
        .flatMap(([name, value]) => asText(name, value))
        .slice(0, 4)
    : [];
  if (texts.length === 0 && tokenizer) texts.push(...decoded(ids, tokenizer));
  return Object.fromEntries(texts.map(([name, text]) => [name, cut(text)]));
}

/**
 * What a row's tokens say: `tokens`, or of a pair `tokens 1` and `tokens 2`. What only marks where texts begin and end is
 * left out; unknown words and masks are not, for which the model may have been wrong.
 */
function decoded(ids: readonly number[], tokenizer: PreTrainedTokenizer): [string, string][] {
  const { clsTokenId, sepTokenId, padTokenId, bosTokenId, eosTokenId } = tokenizer;
  const marks = new Set([clsTokenId, sepTokenId, padTokenId, bosTokenId, eosTokenId]);
  const parts: number[][] = [[]];
  for (const id of ids) {
    if (!marks.has(id)) parts.at(-1)?.push(id);
    else if (id === sepTokenId) parts.push([]);
  }
  const texts = parts.filter((part) => part.length > 0).map((part) => tokenizer.decode(part).trim());
  return texts.length === 1 ? [["tokens", texts[0]]] : texts.map((text, i) => [`tokens ${i + 1}`, text]);
}

function asText(name: string, value: unknown): [string, string][] {
  if (typeof value === "string") return [[name, value]];
  const words = Array.isArray(value) && value.length > 0 && value.every((each) => typeof each === "string");
  return words ? [[name, value.join(" ")]] : [];
}

function cut(text: string): string {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
}
