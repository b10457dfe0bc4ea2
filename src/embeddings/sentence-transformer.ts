// A model of sentences: an encoder whose tokens' states are pooled into one row, so that texts that mean the same lie close
// to each other. Its folder is that of Python's sentence-transformers.
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Batch } from "../batches/index.js";
import { checkpointFolder } from "../checkpoint/index.js";
import type { HubOptions } from "../hub/index.js";
import { AutoModel, type EncoderModel } from "../models/index.js";
import { Module } from "../nn/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { warn } from "../support/log.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import { AutoTokenizer, type PreTrainedTokenizer } from "../tokenizers/index.js";
import { normalized, type PoolingMode, pool } from "./pooling.js";

export interface SentenceTransformerOptions extends HubOptions {
  /** How the tokens' states become one row. Default: as the folder says, else "mean". */
  readonly pooling?: PoolingMode;
  /** Rows of length 1. Default: as the folder says, else false. */
  readonly normalize?: boolean;
  /** Tokens of a text that are read. Default: as the folder says, else what the model takes. */
  readonly maxSeqLength?: number;
}

export interface EncodeTextOptions {
  /** Default: as the model does. */
  readonly normalizeEmbeddings?: boolean;
  /** Texts computed at once. Default 32. */
  readonly batchSize?: number;
}

interface Settings {
  readonly pooling: PoolingMode;
  readonly normalize: boolean;
  readonly maxSeqLength: number;
}

export class SentenceTransformer extends Module {
  readonly encoder: EncoderModel;
  readonly tokenizer: PreTrainedTokenizer;
  readonly settings: Settings;

  /** Of an encoder and its tokenizer. */
  constructor(
    encoder: EncoderModel,
    tokenizer: PreTrainedTokenizer,
    options: Omit<SentenceTransformerOptions, keyof HubOptions> = {},
  ) {
    super();
    this.encoder = encoder;
    this.tokenizer = tokenizer;
    const positions = encoder.config.max_position_embeddings;
    const longest = Math.min(tokenizer.modelMaxLength, typeof positions === "number" ? positions : 512);
    const { pooling = "mean", normalize = false, maxSeqLength = longest } = options;
    if (!["mean", "cls", "max"].includes(pooling))
      throw new ConfigError(`pooling "${pooling}" is not known; there are mean, cls, max`);
    if (!(maxSeqLength >= 1 && maxSeqLength <= longest))
      throw new ConfigError(`maxSeqLength is ${maxSeqLength}; the model takes ${longest}`);
    this.settings = { pooling, normalize, maxSeqLength };
  }

  /**
   * Loads a folder or a repository on the Hub: one of sentence-transformers, or any encoder's.
   * @throws as AutoModel.fromPretrained; ConfigError for a kind of pooling that is not known
   */
  static async fromPretrained(
    nameOrFolder: string,
    options: SentenceTransformerOptions = {},
  ): Promise<SentenceTransformer> {
    const { pooling, normalize, maxSeqLength, ...hub } = options;
    const [encoder, tokenizer] = await Promise.all([
      AutoModel.fromPretrained(nameOrFolder, { ...hub }),
      AutoTokenizer.fromPretrained(nameOrFolder, hub),
    ]);
    const saved = await readSettings(await checkpointFolder(nameOrFolder, hub));
    const own = {
      pooling: pooling ?? saved.pooling,
      normalize: normalize ?? saved.normalize,
      maxSeqLength: maxSeqLength ?? saved.maxSeqLength,
    };
    return new SentenceTransformer(encoder, tokenizer, own).eval();
  }

  /** Columns of an embedding. */
  get dimension(): number {
    return Number(this.encoder.config.hidden_size ?? this.encoder.config.dim);
  }

  /** input_ids and their companions, int32 [batch, length] -> [batch, hidden]. */
  override forward(batch: Batch): Tensor {
    const { states, packing } = this.encoder.encode(batch as Parameters<EncoderModel["encode"]>[0]);
    const rows = pool(states, packing, this.settings.pooling);
    return this.settings.normalize ? normalized(rows) : rows;
  }

  /** Texts as the encoder takes them, padded. */
  tokenize(texts: readonly string[]): Batch {
    const { input_ids, attention_mask, token_type_ids } = this.tokenizer(texts, {
      truncation: true,
      maxLength: this.settings.maxSeqLength,
      padding: true,
      returnTensors: true,
      verbose: false,
    });
    const takes = this.encoder.inputNames.includes("token_type_ids");
    return { input_ids, attention_mask, ...(takes && token_type_ids ? { token_type_ids } : {}) };
  }

  /** The embedding of a text, or of many in their order; computed longest first, so that little is padded. */
  encode(text: string, options?: EncodeTextOptions): Promise<Float32Array>;
  encode(texts: readonly string[], options?: EncodeTextOptions): Promise<Float32Array[]>;
  async encode(
    input: string | readonly string[],
    options: EncodeTextOptions = {},
  ): Promise<Float32Array | Float32Array[]> {
    const { normalizeEmbeddings = this.settings.normalize, batchSize = 32 } = options;
    if (!(batchSize >= 1)) throw new ConfigError(`batchSize must be at least 1, not ${batchSize}`);
    const texts = typeof input === "string" ? [input] : input;
    const order = texts.map((_, i) => i).sort((a, b) => texts[b].length - texts[a].length);
    const rows: Float32Array[] = new Array(texts.length);
    const { training } = this;
    this.eval();
    try {
      for (let start = 0; start < order.length; start += batchSize) {
        const numbers = order.slice(start, start + batchSize);
        const batch = this.tokenize(numbers.map((i) => texts[i]));
        const embedded = noGrad(() => (normalizeEmbeddings ? normalized(this.forward(batch)) : this.forward(batch)));
        const values = Float32Array.from(await embedded.data());
        const width = embedded.shape[1];
        for (const [row, i] of numbers.entries()) rows[i] = values.slice(row * width, (row + 1) * width);
      }
    } finally {
      this.train(training);
    }
    return typeof input === "string" ? rows[0] : rows;
  }

  /** Writes the folder of sentence-transformers: the encoder and its tokenizer, and how it pools. */
  async savePretrained(folder: string): Promise<void> {
    const { pooling, normalize, maxSeqLength } = this.settings;
    await mkdir(join(folder, POOLING), { recursive: true });
    await this.encoder.savePretrained(folder);
    await this.tokenizer.savePretrained(folder);
    const modes = Object.fromEntries(Object.entries(MODES).map(([mode, key]) => [key, mode === pooling]));
    await writeJson(join(folder, POOLING, "config.json"), {
      word_embedding_dimension: this.dimension,
      ...modes,
      include_prompt: true,
    });
    await writeJson(join(folder, "sentence_bert_config.json"), { max_seq_length: maxSeqLength, do_lower_case: false });
    const type = "sentence_transformers.models.";
    const modules = [
      { path: "", type: `${type}Transformer` },
      { path: POOLING, type: `${type}Pooling` },
      ...(normalize ? [{ path: "2_Normalize", type: `${type}Normalize` }] : []),
    ].map(({ path, type }, idx) => ({ idx, name: String(idx), path, type }));
    if (normalize) await mkdir(join(folder, "2_Normalize"), { recursive: true });
    await writeJson(join(folder, MODULES), modules);
  }
}

const MODULES = "modules.json";
const POOLING = "1_Pooling";

/** What 1_Pooling/config.json calls the modes. */
const MODES: Readonly<Record<PoolingMode, string>> = {
  cls: "pooling_mode_cls_token",
  mean: "pooling_mode_mean_tokens",
  max: "pooling_mode_max_tokens",
};

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** What a folder says of itself; nothing where it is that of a plain encoder. */
async function readSettings(folder: string): Promise<Partial<Settings>> {
  const modules = (await readJson(join(folder, MODULES))) as
    | { readonly path?: string; readonly type?: string }[]
    | undefined;
  const sizes = (await readJson(join(folder, "sentence_bert_config.json"))) as
    | { readonly max_seq_length?: number }
    | undefined;
  const maxSeqLength = sizes?.max_seq_length ?? undefined;
  if (!Array.isArray(modules)) return { maxSeqLength };
  const kinds = modules.map(({ type }) => type?.split(".").at(-1));
  const strange = kinds.filter((kind) => !["Transformer", "Pooling", "Normalize"].includes(kind ?? ""));
  if (strange.length > 0)
    throw new ConfigError(`${join(folder, MODULES)}: the module ${strange.join(", ")} is not supported`);
  const normalize = kinds.includes("Normalize");
  const config = (await readJson(join(folder, modules[kinds.indexOf("Pooling")]?.path ?? POOLING, "config.json"))) as
    | Readonly<Record<string, unknown>>
    | undefined;
  if (!config) {
    warn(`${folder} has no configuration of its pooling: taking the mean`);
    return { normalize, maxSeqLength };
  }
  const set = Object.keys(config).filter((key) => key.startsWith("pooling_mode_") && config[key] === true);
  const pooling = (Object.keys(MODES) as PoolingMode[]).find((mode) => set.length === 1 && MODES[mode] === set[0]);
  if (!pooling)
    throw new ConfigError(
      `${folder}: pooling by ${set.join(" and ")} is not supported; one of ${Object.keys(MODES).join(", ")} is`,
    );
  return { pooling, normalize, maxSeqLength };
}

async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FileFormatError(`${path} is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
