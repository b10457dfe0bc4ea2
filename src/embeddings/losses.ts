// Losses that teach a SentenceTransformer, each a model for the Trainer: it takes the texts of a row, gives a loss, and is
// saved as the SentenceTransformer that it trains. (sentence-transformers: losses/.)
import type { Batch, CollatorObject, RowsOrColumns } from "../batches/index.js";
import { AutoModel } from "../models/index.js";
import { Module } from "../nn/index.js";
import { PeftModel } from "../peft/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { concat, crossEntropy, matmul, mse, mul, sum, type Tensor, tensor, transpose } from "../tensor/index.js";
import { normalized } from "./pooling.js";
import type { SentenceTransformer } from "./sentence-transformer.js";

/** What such a loss gives. */
export interface SentenceLossOutput {
  readonly loss: Tensor;
  /** The scores that the loss is of. */
  readonly logits: Tensor;
}

/** Texts of a row by their columns, each tokenized and embedded. */
abstract class SentenceLoss extends Module {
  readonly model: SentenceTransformer;
  readonly textColumns: readonly string[];

  constructor(model: SentenceTransformer, textColumns: readonly string[]) {
    super();
    this.model = model;
    this.textColumns = textColumns;
  }

  get config(): SentenceTransformer["encoder"]["config"] {
    return this.model.encoder.config;
  }

  /** The columns of a dataset: texts, which the collator tokenizes. */
  get inputNames(): readonly string[] {
    return this.textColumns;
  }

  get labelNames(): readonly string[] {
    return [];
  }

  /** What the Hub calls the library of the files. */
  get library(): string {
    return "sentence-transformers";
  }

  savePretrained(folder: string): Promise<void> {
    return this.model.savePretrained(folder);
  }

  /** Takes back what savePretrained wrote. Throws as AutoModel.fromPretrained. */
  async loadWeights(folder: string): Promise<void> {
    const { encoder } = this.model;
    const adapters = PeftModel.of(encoder);
    if (adapters) return adapters.loadWeights(folder);
    const saved = await AutoModel.fromPretrained(folder);
    for (const [name, parameter] of encoder.namedParameters()) parameter.copy_(saved.parameter(name));
  }

  activationCheckpointingEnable(): void {
    this.model.encoder.activationCheckpointingEnable();
  }

  /** Makes batches of rows of texts: for each column what the encoder takes, under `<column>_input_ids` and so on. */
  get collator(): CollatorObject<object, Batch> {
    return { collate: (data) => this.collate(data) };
  }

  protected collate(data: RowsOrColumns): Batch {
    const batch: Record<string, Tensor> = {};
    for (const column of this.textColumns) {
      const texts = textsOf(data, column);
      for (const [name, ids] of Object.entries(this.model.tokenize(texts))) batch[`${column}_${name}`] = ids;
    }
    return batch;
  }

  /** The embeddings of each column, [rows, hidden]. */
  protected embed(batch: Batch): Tensor[] {
    return this.textColumns.map((column) => {
      const prefix = `${column}_`;
      const own = Object.entries(batch).filter(
        ([name]) => name.startsWith(prefix) && /(input_ids|attention_mask|token_type_ids)$/.test(name),
      );
      return this.model.forward(Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value])));
    });
  }
}

function valuesOf(data: RowsOrColumns, column: string): readonly unknown[] {
  const values = Array.isArray(data)
    ? (data as readonly Record<string, unknown>[]).map((row) => row[column])
    : (data as Readonly<Record<string, ArrayLike<unknown>>>)[column];
  if (values === undefined) throw new DataError(`the rows of the batch have no "${column}"`);
  return Array.from(values as ArrayLike<unknown>);
}

function textsOf(data: RowsOrColumns, column: string): string[] {
  return valuesOf(data, column).map((text, i) => {
    if (typeof text === "string") return text;
    throw new DataError(`"${column}" of row ${i} of the batch is ${JSON.stringify(text)}; a text is needed`);
  });
}

export interface RankingLossOptions {
  /** The column of what is asked. Default "anchor". */
  readonly anchor?: string;
  /** The column of what answers it. Default "positive". */
  readonly positive?: string;
  /** Columns of what seems to, and does not. Default none. */
  readonly negatives?: readonly string[];
  /** What cosines are multiplied by. Default 20. */
  readonly scale?: number;
}

/**
 * Of all positives and negatives of a batch an anchor's own positive should be the nearest (Henderson et al. 2017): the
 * cross-entropy of scaled cosines. The other rows' positives are negatives for nothing; hard ones come by columns.
 */
export class MultipleNegativesRankingLoss extends SentenceLoss {
  readonly scale: number;

  constructor(model: SentenceTransformer, options: RankingLossOptions = {}) {
    const { anchor = "anchor", positive = "positive", negatives = [], scale = 20 } = options;
    super(model, [anchor, positive, ...negatives]);
    if (!(scale > 0)) throw new ConfigError(`MultipleNegativesRankingLoss: scale is ${scale}; it must be above 0`);
    this.scale = scale;
  }

  /** logits: [rows, candidates]. */
  override forward(batch: Batch): SentenceLossOutput {
    const [anchors, ...candidates] = this.embed(batch).map(normalized);
    const logits = mul(matmul(anchors, transpose(concat(candidates, 0), 0, 1)), this.scale);
    const own = tensor(Int32Array.from({ length: anchors.shape[0] }, (_, i) => i));
    return { loss: crossEntropy(logits, own), logits };
  }
}

export interface SimilarityLossOptions {
  /** Default "sentence1". */
  readonly first?: string;
  /** Default "sentence2". */
  readonly second?: string;
  /** The column of similarities, from 0 (or -1) to 1. Default "score". */
  readonly score?: string;
}

/** Cosines of pairs should be what a column says: their mean squared error. */
export class CosineSimilarityLoss extends SentenceLoss {
  readonly score: string;

  constructor(model: SentenceTransformer, options: SimilarityLossOptions = {}) {
    const { first = "sentence1", second = "sentence2", score = "score" } = options;
    super(model, [first, second]);
    this.score = score;
  }

  override get inputNames(): readonly string[] {
    return [...this.textColumns, this.score];
  }

  protected override collate(data: RowsOrColumns): Batch {
    const scores = valuesOf(data, this.score).map(Number);
    return { ...super.collate(data), scores: tensor(Float32Array.from(scores)) };
  }

  /** logits: [rows], the cosines. */
  override forward(batch: Batch): SentenceLossOutput {
    const [first, second] = this.embed(batch).map(normalized);
    const logits = sum(mul(first, second), 1);
    return { loss: mse(logits, batch.scores), logits };
  }
}
