// Named entities in tagged sequences, as the package seqeval counts them (its default mode, which is conlleval's): an
// entity is right where its type, its first and its last token are. Python: evaluate's metrics/seqeval.
import { DataError, ShapeError } from "../support/errors.js";
import { type HostMetricBatch, Metric, type MetricBatch } from "./metric.js";
import type { ShapedArray } from "./numbers.js";

export interface SeqevalOptions {
  /** The tags by class number ("O", "B-PER", ...): what logits and class numbers mean. Not needed for tags as text. */
  labels?: readonly string[];
  /** The position's letter stands at the end (PER-B). Default false: at the beginning. */
  suffix?: boolean;
}

/** Tags as text, a list for each sequence. */
export interface TagBatch {
  predictions: readonly (readonly string[])[];
  references: readonly (readonly string[])[];
}

interface EntityCounts {
  predicted: number;
  referenced: number;
  both: number;
}

/** An entity: its type, first and last token. */
interface Entity {
  readonly type: string;
  readonly first: number;
  readonly last: number;
}

const IGNORED = -100; // no tag: padding, special tokens, pieces of words but the first

export class Seqeval extends Metric {
  readonly name = "seqeval";
  readonly keys = ["overall_precision", "overall_recall", "overall_f1", "overall_accuracy"];
  readonly #suffix: boolean;
  readonly #tags: string[];
  readonly #types = new Map<string, EntityCounts>();
  #tokens = 0;
  #correct = 0;

  constructor({ labels = [], suffix = false }: SeqevalOptions) {
    super();
    this.#tags = [...labels];
    this.#suffix = suffix;
  }

  /**
   * Adds a batch: tags as text, or numbers: logits [rows, length, labels] or classes [rows, length], with references
   * [rows, length] that are -100 where there is no tag.
   */
  override async addBatch(batch: MetricBatch | TagBatch): Promise<void> {
    await super.addBatch(isTagBatch(batch) ? this.#numbered(batch) : batch);
  }

  override compute(batch?: HostMetricBatch | TagBatch): Record<string, number> {
    return super.compute(batch && isTagBatch(batch) ? this.#numbered(batch) : (batch as HostMetricBatch | undefined));
  }

  update(predictions: ShapedArray, references: ShapedArray): void {
    const [rows, length] = references.shape;
    const width = predictions.shape[2];
    if (references.shape.length !== 2 || predictions.shape[1] !== length || predictions.shape.length > 3) {
      throw new ShapeError(
        `Metric seqeval takes predictions [rows, length] or [rows, length, labels] and references [rows, length], not ` +
          `[${predictions.shape.join(", ")}] and [${references.shape.join(", ")}]`,
      );
    }
    const pairs: [predicted: string[], referenced: string[]][] = [];
    for (let row = 0; row < rows; row++) {
      const [predicted, referenced]: [string[], string[]] = [[], []];
      for (let at = row * length; at < (row + 1) * length; at++) {
        if (references.data[at] === IGNORED) continue;
        referenced.push(this.#tag(references.data[at]));
        predicted.push(this.#tag(width === undefined ? predictions.data[at] : largest(predictions.data, at, width)));
      }
      pairs.push([predicted, referenced]);
    }
    for (const [predicted, referenced] of pairs) this.#count(predicted, referenced);
  }

  /** The overall figures, then `<TYPE>_precision`, `_recall`, `_f1` and `_number` of each type. */
  result(): Record<string, number> {
    const overall = { predicted: 0, referenced: 0, both: 0 };
    const types: Record<string, number> = {};
    for (const type of [...this.#types.keys()].sort()) {
      const counts = this.#types.get(type) ?? overall;
      const { precision, recall, f1 } = figures(counts);
      Object.assign(types, {
        [`${type}_precision`]: precision,
        [`${type}_recall`]: recall,
        [`${type}_f1`]: f1,
        [`${type}_number`]: counts.referenced,
      });
      overall.predicted += counts.predicted;
      overall.referenced += counts.referenced;
      overall.both += counts.both;
    }
    const { precision, recall, f1 } = figures(overall);
    return {
      overall_precision: precision,
      overall_recall: recall,
      overall_f1: f1,
      overall_accuracy: this.#correct / this.#tokens,
      ...types,
    };
  }

  clear(): void {
    this.#types.clear();
    this.#tokens = 0;
    this.#correct = 0;
  }

  #count(predicted: readonly string[], referenced: readonly string[]): void {
    this.#tokens += referenced.length;
    referenced.forEach((tag, i) => {
      if (tag === predicted[i]) this.#correct++;
    });
    const key = ({ type, first, last }: Entity) => `${first} ${last} ${type}`;
    const found = entities(predicted, this.#suffix);
    const keys = new Set(found.map(key));
    for (const entity of found) this.#of(entity.type).predicted++;
    for (const entity of entities(referenced, this.#suffix)) {
      const counts = this.#of(entity.type);
      counts.referenced++;
      if (keys.has(key(entity))) counts.both++;
    }
  }

  #of(type: string): EntityCounts {
    const counts = this.#types.get(type) ?? { predicted: 0, referenced: 0, both: 0 };
    this.#types.set(type, counts);
    return counts;
  }

  #tag(label: number): string {
    const tag = this.#tags[label];
    if (tag !== undefined) return tag;
    throw new DataError(
      `Metric seqeval: class ${label} has no tag; name them: seqeval({ labels: ["O", "B-PER", ...] })` +
        (this.#tags.length > 0 ? ` (named are ${this.#tags.length})` : ""),
    );
  }

  /** Tags as class numbers, filled up to one length; tags that were not named get the next numbers. */
  #numbered({ predictions, references }: TagBatch): { predictions: ShapedArray; references: ShapedArray } {
    const uneven = references.findIndex((tags, i) => tags.length !== predictions[i]?.length);
    if (uneven >= 0 || predictions.length !== references.length) {
      throw new ShapeError(
        uneven < 0
          ? `Metric seqeval: ${predictions.length} predictions and ${references.length} references`
          : `Metric seqeval: sequence ${uneven} has ${references[uneven].length} references and ${predictions[uneven]?.length ?? 0} predictions`,
      );
    }
    const length = references.reduce((most, tags) => Math.max(most, tags.length), 0);
    const numbers = (sequences: readonly (readonly string[])[]): ShapedArray => ({
      shape: [sequences.length, length],
      data: sequences.flatMap((tags) => Array.from({ length }, (_, i) => this.#number(tags[i]))),
    });
    return { predictions: numbers(predictions), references: numbers(references) };
  }

  #number(tag: string | undefined): number {
    if (tag === undefined) return IGNORED;
    const known = this.#tags.indexOf(tag);
    return known >= 0 ? known : this.#tags.push(tag) - 1;
  }
}

function isTagBatch(batch: MetricBatch | TagBatch): batch is TagBatch {
  const { references } = batch as TagBatch;
  return Array.isArray(references) && references.some((tags) => typeof tags?.[0] === "string");
}

function figures({ predicted, referenced, both }: EntityCounts): { precision: number; recall: number; f1: number } {
  const precision = predicted === 0 ? 0 : both / predicted;
  const recall = referenced === 0 ? 0 : both / referenced;
  return { precision, recall, f1: precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}

function largest(logits: ArrayLike<number>, row: number, width: number): number {
  let best = 0;
  for (let i = 1; i < width; i++) if (logits[row * width + i] > logits[row * width + best]) best = i;
  return best;
}

/** The entities of a sequence. A tag is a position's letter (B, I, E, S; O for none) and a type: "B-PER". */
export function entities(tags: readonly string[], suffix: boolean): Entity[] {
  const found: Entity[] = [];
  let [position, type, first] = ["O", "", 0];
  for (let i = 0; i <= tags.length; i++) {
    const [nextPosition, nextType] = split(tags[i] ?? "O", suffix);
    if (ends(position, nextPosition, type, nextType)) found.push({ type, first, last: i - 1 });
    if (begins(position, nextPosition, type, nextType)) first = i;
    [position, type] = [nextPosition, nextType];
  }
  return found;
}

function split(tag: string, suffix: boolean): [position: string, type: string] {
  if (suffix) return [tag.slice(-1), tag.slice(0, -1).replace(/-[^-]*$/, "") || "_"];
  return [tag.slice(0, 1), tag.slice(1).replace(/^[^-]*-/, "") || "_"];
}

function ends(before: string, now: string, typeBefore: string, type: string): boolean {
  if (before === "E" || before === "S") return true;
  if ((before === "B" || before === "I") && (now === "B" || now === "S" || now === "O")) return true;
  return before !== "O" && before !== "." && typeBefore !== type;
}

function begins(before: string, now: string, typeBefore: string, type: string): boolean {
  if (now === "B" || now === "S") return true;
  if ((before === "E" || before === "S" || before === "O") && (now === "E" || now === "I")) return true;
  return now !== "O" && now !== "." && typeBefore !== type;
}

/** Precision, recall, F1 and accuracy of named entities; takes tags as text, classes, or logits. */
export function seqeval(options: SeqevalOptions = {}): Seqeval {
  return new Seqeval(options);
}
