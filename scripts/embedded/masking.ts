// Batches for masked language modelling: some tokens of each document are asked for, and hidden.
import type { Batch } from "../../src/batches/index.js";
import { tensor } from "../../src/tensor/index.js";
import type { PreTrainedTokenizer } from "../../src/tokenizers/index.js";
import type { Document } from "./corpus.js";
import type { Random } from "./random.js";

export interface MaskingOptions {
  /** Share of the tokens that are asked for. */
  readonly asked: number;
  /** Share of those that become [MASK]. */
  readonly masked: number;
  /** Share of those that become another token that could stand there; what is left stays as it is. */
  readonly replaced: number;
}

/** The label of a token that is not asked for. */
const IGNORED = -100;

/**
 * Hides tokens as BERT does (Devlin et al. 2018, 3.1), but for one point: a replacement is no token at random, which
 * nearly always looks out of place, but one that follows the same token elsewhere in the text (a small generator, as in
 * ELECTRA, Clark et al. 2020). Only a look at the document's other sentence can tell that it is wrong: so the model learns
 * to compare.
 */
export class MaskingCollator {
  readonly #tokenizer: PreTrainedTokenizer;
  readonly #options: MaskingOptions;
  readonly #random: Random;
  readonly #followers = new Map<number, number[]>();
  readonly #special: ReadonlySet<number>;

  /** `text`: where it is learned which tokens follow which. */
  constructor(tokenizer: PreTrainedTokenizer, text: readonly Document[], options: MaskingOptions, random: Random) {
    this.#tokenizer = tokenizer;
    this.#options = options;
    this.#random = random;
    this.#special = new Set(tokenizer.allSpecialIds);
    for (const ids of this.#encode(text).input_ids) {
      for (const [position, id] of ids.entries()) {
        if (position === 0 || this.#special.has(id)) continue;
        const followers = this.#followers.get(ids[position - 1]) ?? [];
        followers.push(id);
        this.#followers.set(ids[position - 1], followers);
      }
    }
  }

  /** input_ids with hidden tokens, token_type_ids, attention_mask and labels, int32 [documents, length]. */
  collate(documents: readonly Document[]): Batch {
    const { input_ids, token_type_ids, attention_mask } = this.#encode(documents);
    const shape = [documents.length, input_ids[0].length];
    const labels = new Int32Array(documents.length * input_ids[0].length).fill(IGNORED);
    const original = flatten(input_ids);
    const hidden = original.slice();
    for (const [index, id] of original.entries()) {
      if (this.#special.has(id) || !this.#random.chance(this.#options.asked)) continue;
      labels[index] = id;
      hidden[index] = this.#hide(id, original[index - 1]);
    }
    return {
      input_ids: tensor(hidden, { shape }),
      token_type_ids: tensor(flatten(token_type_ids), { shape }),
      attention_mask: tensor(flatten(attention_mask), { shape }),
      labels: tensor(labels, { shape }),
    };
  }

  #hide(id: number, previous: number): number {
    const choice = this.#random.next();
    const { masked, replaced } = this.#options;
    if (choice < masked) return this.#tokenizer.maskTokenId ?? id;
    if (choice < masked + replaced) return this.#random.pick(this.#followers.get(previous) ?? [id]);
    return id;
  }

  #encode(documents: readonly Document[]) {
    const [firsts, seconds] = [0, 1].map((side) => documents.map((document) => document[side]));
    return this.#tokenizer(firsts, seconds, { padding: true });
  }
}

/** Rows of one length, one behind the other. */
function flatten(rows: Iterable<Iterable<number>>): Int32Array {
  return Int32Array.from(Array.from(rows, (row) => [...row]).flat());
}
