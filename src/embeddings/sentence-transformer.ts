// A model of sentences: an encoder whose tokens' states are pooled into one row, so that texts that mean the same lie close
// to each other. Its folder is that of Python's sentence-transformers.
import type { Batch } from "../batches/index.js";
import { checkpointFolder } from "../checkpoint/index.js";
import type { HubOptions } from "../hub/index.js";
import { AutoModel, type EncoderModel } from "../models/index.js";
import { Module } from "../nn/index.js";
import { PeftModel } from "../peft/index.js";
import { ConfigError } from "../support/errors.js";
import { noGrad, type Tensor } from "../tensor/index.js";
import { AutoTokenizer, type PreTrainedTokenizer } from "../tokenizers/index.js";
import { normalized, POOLING_MODES, type PoolingMode, pool } from "./pooling.js";
import { readSettings, SETTINGS_FILES, type Settings, writeSettings } from "./settings.js";

export interface SentenceTransformerOptions extends HubOptions {
  /** How the tokens' states become one row. Default: as the folder says, else "mean". */
  readonly pooling?: PoolingMode;
  /** Rows of length 1. Default: as the folder says, else false. */
  readonly normalize?: boolean;
  /** Tokens of a text that are read. Default: as the folder says, else what the model takes. */
  readonly maxSeqLength?: number;
  /** What stands before texts, by what they are: `{ query: "query: ", passage: "passage: " }`. Default: as the folder says. */
  readonly prompts?: Readonly<Record<string, string>>;
  /** The name of the prompt that stands before texts where none is asked for. Default: as the folder says. */
  readonly defaultPromptName?: string;
}

export interface EncodeTextOptions {
  /** What stands before each text. Default: by `promptName`. */
  readonly prompt?: string;
  /** The name of one of the model's prompts. Default: the model's own default, where it has one. */
  readonly promptName?: string;
  /** Default: as the model does. */
  readonly normalizeEmbeddings?: boolean;
  /** Texts computed at once. Default 32. */
  readonly batchSize?: number;
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
    const { pooling = "mean", normalize = false, maxSeqLength = longest, prompts = {}, defaultPromptName } = options;
    if (!POOLING_MODES.includes(pooling))
      throw new ConfigError(`pooling "${pooling}" is not known; there are ${POOLING_MODES.join(", ")}`);
    if (!(maxSeqLength >= 1 && maxSeqLength <= longest))
      throw new ConfigError(`maxSeqLength is ${maxSeqLength}; the model takes ${longest}`);
    this.settings = { pooling, normalize, maxSeqLength, prompts, defaultPromptName };
    this.#promptOf({});
  }

  /**
   * Loads a folder or a repository on the Hub: one of sentence-transformers, or any encoder's.
   * @throws as AutoModel.fromPretrained; ConfigError for a kind of pooling that is not known
   */
  static async fromPretrained(
    nameOrFolder: string,
    options: SentenceTransformerOptions = {},
  ): Promise<SentenceTransformer> {
    const { pooling, normalize, maxSeqLength, prompts, defaultPromptName, ...hub } = options;
    const folder = await checkpointFolder(nameOrFolder, hub, { also: SETTINGS_FILES });
    const saved = await readSettings(folder);
    const [encoder, tokenizer] = await Promise.all([
      AutoModel.fromPretrained(nameOrFolder, { ...hub }),
      AutoTokenizer.fromPretrained(nameOrFolder, hub),
    ]);
    const own = {
      pooling: pooling ?? saved.pooling,
      normalize: normalize ?? saved.normalize,
      maxSeqLength: maxSeqLength ?? saved.maxSeqLength,
      prompts: prompts ?? saved.prompts,
      defaultPromptName: defaultPromptName ?? saved.defaultPromptName,
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
    const prompt = this.#promptOf(options);
    const texts = (typeof input === "string" ? [input] : input).map((text) => prompt + text);
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

  /** What stands before texts. @throws ConfigError for a name that is no prompt's */
  #promptOf({ prompt, promptName = this.settings.defaultPromptName }: EncodeTextOptions): string {
    if (prompt !== undefined) return prompt;
    if (promptName === undefined) return "";
    const { prompts } = this.settings;
    if (Object.hasOwn(prompts, promptName)) return prompts[promptName];
    const names = Object.keys(prompts).join(", ") || "none";
    throw new ConfigError(`the model has no prompt called "${promptName}"; there are ${names}`);
  }

  /** Writes the folder of sentence-transformers: the encoder (or its adapter) and its tokenizer, and how it pools. */
  async savePretrained(folder: string): Promise<void> {
    await (PeftModel.of(this.encoder) ?? this.encoder).savePretrained(folder);
    await this.tokenizer.savePretrained(folder);
    await writeSettings(folder, this.settings, this.dimension);
  }
}
