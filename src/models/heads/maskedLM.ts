// The word at each asked token: scores of the whole vocabulary, computed for the tokens that somebody reads.
import type { Batch } from "../../batches/index.js";
import { expectFinite, Linear, type Packing, type Parameter, packIntegers, unpack } from "../../nn/index.js";
import type { AdapterDefaults } from "../../peft/index.js";
import { autocast, crossEntropy, productPrecision, type Tensor, takeRows, tensor, tidy } from "../../tensor/index.js";
import type { CommonConfig } from "../config.js";
import { ModelOutput, takeInputs } from "../outputs.js";
import { HeadModel } from "./head.js";

/** The scores of the whole vocabulary at every token are computed when somebody reads `logits`. */
export class MaskedLMOutput extends ModelOutput {
  readonly states: Tensor;
  readonly packing: Packing;
  readonly #score: (states: Tensor) => Tensor;
  /** That of the forward. */
  readonly #precision = productPrecision();
  #logits: Tensor | undefined;

  constructor(loss: Tensor | undefined, states: Tensor, packing: Packing, score: (states: Tensor) => Tensor) {
    super(loss);
    this.states = states;
    this.packing = packing;
    this.#score = score;
  }

  /** [batch, length, vocab]; zeros at padding. */
  get logits(): Tensor {
    this.#logits ??= autocast(this.#precision, () => tidy(() => unpack(this.#score(this.states), this.packing)));
    return this.#logits;
  }
}

/** What tied parameters a projection onto the vocabulary shares, where the config ties them. */
export interface VocabularyTies {
  /** The word table [vocab, width]. */
  readonly table: Parameter;
  /** [vocab]; default: the projection has a bias of its own. False: none, tied or not. */
  readonly bias?: Parameter | false;
}

/** A linear layer onto the vocabulary: [n, width] -> [n, vocab]. */
export class VocabularyProjection extends Linear {
  constructor(width: number, config: { vocab_size: number; tie_word_embeddings: boolean }, ties: VocabularyTies) {
    const { table, bias } = ties;
    const tied = config.tie_word_embeddings ? { weight: table, biasParameter: bias || undefined } : {};
    super(width, config.vocab_size, { ...tied, bias: bias !== false });
  }
}

export abstract class MaskedLMModel<Config extends CommonConfig = CommonConfig> extends HeadModel<Config> {
  /** The head is as pretrained as the encoder. */
  override get adapterDefaults(): AdapterDefaults {
    return {};
  }

  /** [n, hidden] -> [n, vocab]. */
  protected abstract score(states: Tensor): Tensor;

  /**
   * The encoder's inputs, and `labels` int32 [batch, length], -100 where nothing is asked. The loss is the mean over the
   * asked tokens; the head is computed for those only.
   */
  override forward(batch: Batch): MaskedLMOutput {
    const { labels, ...inputs } = takeInputs(this, batch);
    const { states, packing } = this.baseModel.encode(inputs);
    return new MaskedLMOutput(
      labels && this.#loss(states, packIntegers(labels, packing)),
      states,
      packing,
      (rows: Tensor): Tensor => this.score(rows),
    );
  }

  #loss(states: Tensor, labels: Tensor): Tensor {
    const asked = labels.host?.reduce<number[]>((rows, label, i) => {
      if (label !== ignored) rows.push(i);
      return rows;
    }, []);
    if (!asked || asked.length === 0 || asked.length === states.shape[0]) {
      return expectFinite(crossEntropy(this.score(states), labels, { ignoreIndex: ignored }), "loss");
    }
    const rows = tensor(Int32Array.from(asked));
    const targets = tensor(Int32Array.from(asked, (i) => labels.host?.[i] ?? ignored));
    return expectFinite(crossEntropy(this.score(takeRows(states, rows)), targets, { ignoreIndex: ignored }), "loss");
  }
}

/** Labels with this value are not asked for (PyTorch's default ignore_index). */
const ignored = -100;
