// BERT with the masked-language-modelling head; its decoder is the word table (tied).
import type { Activation } from "../../backends/kernels.js";
import type { Batch } from "../../batches/index.js";
import {
  expectFinite,
  LayerNorm,
  Linear,
  Module,
  type Packing,
  Parameter,
  packIntegers,
  unpack,
} from "../../nn/index.js";
import {
  crossEntropy,
  gelu,
  linear,
  relu,
  silu,
  type Tensor,
  takeRows,
  tanh,
  tensor,
  tidy,
} from "../../tensor/index.js";
import { ModelOutput, takeInputs } from "../outputs.js";
import { PreTrainedModel } from "../pretrained.js";
import { activationOf, type BertConfig } from "./config.js";
import { BertModel, bertInputs } from "./model.js";

export class BertPredictionHeadTransform extends Module {
  readonly dense: Linear;
  readonly LayerNorm: LayerNorm;
  readonly activation: Activation;

  constructor(config: BertConfig) {
    super();
    this.dense = new Linear(config.hidden_size, config.hidden_size);
    this.LayerNorm = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.activation = activationOf(config.hidden_act);
  }

  override forward(states: Tensor): Tensor {
    const x = this.dense.forward(states);
    const activate: Record<Activation, () => Tensor> = {
      gelu: () => gelu(x),
      gelu_tanh: () => gelu(x, "tanh"),
      relu: () => relu(x),
      silu: () => silu(x),
      tanh: () => tanh(x),
    };
    return this.LayerNorm.forward(activate[this.activation]());
  }
}

export class BertLMPredictionHead extends Module {
  readonly transform: BertPredictionHeadTransform;
  readonly bias: Parameter;

  constructor(config: BertConfig) {
    super();
    this.transform = new BertPredictionHeadTransform(config);
    this.bias = new Parameter([config.vocab_size]);
  }

  /** states [n, hidden], the word table [vocab, hidden] -> [n, vocab]. */
  override forward(states: Tensor, table: Tensor): Tensor {
    return linear(this.transform.forward(states), table, this.bias);
  }
}

export class BertOnlyMLMHead extends Module {
  readonly predictions: BertLMPredictionHead;

  constructor(config: BertConfig) {
    super();
    this.predictions = new BertLMPredictionHead(config);
  }

  override forward(states: Tensor, table: Tensor): Tensor {
    return this.predictions.forward(states, table);
  }
}

/** The scores of the whole vocabulary at every token are computed when somebody reads `logits`. */
export class MaskedLMOutput extends ModelOutput {
  readonly states: Tensor;
  readonly packing: Packing;
  readonly #score: (states: Tensor) => Tensor;
  #logits: Tensor | undefined;

  constructor(loss: Tensor | undefined, states: Tensor, packing: Packing, score: (states: Tensor) => Tensor) {
    super(loss);
    this.states = states;
    this.packing = packing;
    this.#score = score;
  }

  /** [batch, length, vocab]; zeros at padding. */
  get logits(): Tensor {
    this.#logits ??= tidy(() => unpack(this.#score(this.states), this.packing));
    return this.#logits;
  }
}

export class BertForMaskedLM extends PreTrainedModel<BertConfig> {
  static readonly architecture = "BertForMaskedLM";
  readonly bert: BertModel;
  readonly cls: BertOnlyMLMHead;

  constructor(config: BertConfig) {
    super(config);
    this.bert = new BertModel(config, { pooler: false });
    this.cls = new BertOnlyMLMHead(config);
  }

  override get tiedKeys(): Readonly<Record<string, string>> {
    return {
      "cls.predictions.decoder.weight": "bert.embeddings.word_embeddings.weight",
      "cls.predictions.decoder.bias": "cls.predictions.bias",
    };
  }

  /**
   * BertModel's inputs, and `labels` int32 [batch, length], -100 where nothing is asked. The loss is the mean over the
   * asked tokens; the head is computed for those only.
   */
  override forward(batch: Batch): MaskedLMOutput {
    const { labels, ...inputs } = takeInputs("BertForMaskedLM", batch, [...bertInputs, "labels"]);
    const { states, packing } = this.bert.encode(inputs);
    const table = this.bert.embeddings.word_embeddings.weight;
    const score = (rows: Tensor): Tensor => this.cls.forward(rows, table);
    return new MaskedLMOutput(
      labels && this.#loss(states, packIntegers(labels, packing), score),
      states,
      packing,
      score,
    );
  }

  #loss(states: Tensor, labels: Tensor, score: (states: Tensor) => Tensor): Tensor {
    const asked = labels.host?.reduce<number[]>((rows, label, i) => {
      if (label !== ignored) rows.push(i);
      return rows;
    }, []);
    if (!asked || asked.length === 0 || asked.length === states.shape[0]) {
      return expectFinite(crossEntropy(score(states), labels, { ignoreIndex: ignored }), "loss");
    }
    const rows = tensor(Int32Array.from(asked));
    const targets = tensor(Int32Array.from(asked, (i) => labels.host?.[i] ?? ignored));
    return expectFinite(crossEntropy(score(takeRows(states, rows)), targets, { ignoreIndex: ignored }), "loss");
  }
}

/** Labels with this value are not asked for (PyTorch's default ignore_index). */
const ignored = -100;
