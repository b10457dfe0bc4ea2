// AutoTokenizer: a tokenizer from the files of a checkpoint's folder.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { HubOptions } from "../hub/index.js";
import { FileFormatError } from "../support/errors.js";
import { BERT_MODEL_INPUTS, BERT_SPECIAL_TOKENS, bertNormalizerFrom, bertPipeline, isBertClass } from "./bert.js";
import { tokenizerFolder } from "./folder.js";
import { JsonFields, type JsonObject } from "./json/fields.js";
import { parseJson } from "./json/text.js";
import { WordPiece } from "./models/wordpiece.js";
import { BertNormalizer } from "./normalizers/bert.js";
import type { Side } from "./options.js";
import { Pipeline } from "./pipeline.js";
import { type SpecialTokens, specialTokensFrom } from "./special-tokens.js";
import { makeTokenizer, type PreTrainedTokenizer } from "./tokenizer.js";

export interface FromPretrainedOptions extends HubOptions {
  /** In place of tokenizer_config.json's model_max_length. */
  readonly modelMaxLength?: number;
  /** In place of tokenizer_config.json's padding_side. */
  readonly paddingSide?: Side;
  /** In place of tokenizer_config.json's truncation_side. */
  readonly truncationSide?: Side;
}

export const AutoTokenizer = {
  /**
   * The tokenizer of a checkpoint's folder: tokenizer.json, or a bare vocab.txt of BERT, with tokenizer_config.json and
   * special_tokens_map.json where they are there; or of a repository on the Hub, of which these files come into the cache.
   * What tokenizer.json asks of truncation and padding is left to the caller.
   *
   * Throws HubError where the Hub does not have it or does not give it, FileFormatError where there is no tokenizer, or a file is damaged or asks for a stage
   * that is not supported.
   */
  async fromPretrained(nameOrFolder: string, options: FromPretrainedOptions = {}): Promise<PreTrainedTokenizer> {
    const folder = await tokenizerFolder(nameOrFolder, options);
    const config = (await readJson(folder, "tokenizer_config.json")) ?? {};
    const json = await readJson(folder, "tokenizer.json");
    const vocabulary = json ? undefined : await readVocabulary(folder);
    if (!json && !vocabulary) {
      const found = (await readdir(folder)).join(", ") || "nothing";
      throw new FileFormatError(`${folder} has neither tokenizer.json nor vocab.txt; it has ${found}`);
    }
    const named = specialTokensFrom(config, (await readJson(folder, "special_tokens_map.json")) ?? {});
    const read = vocabulary
      ? bertPipeline(vocabulary, Object.fromEntries(named.roles), bertNormalizerFrom(config))
      : followConfig(Pipeline.fromJson(json, join(folder, "tokenizer.json")), config);
    const specialTokens = withDefaults(named, read);
    const pipeline = read.withSpecialTokens([...specialTokens.roles.values(), ...specialTokens.extra]);

    const fields = new JsonFields(join(folder, "tokenizer_config.json"), config);
    const maximum = config.model_max_length ?? config.max_len;
    return makeTokenizer(pipeline, {
      specialTokens,
      modelMaxLength: options.modelMaxLength ?? (typeof maximum === "number" && maximum < 1e20 ? maximum : Infinity),
      paddingSide: options.paddingSide ?? sideOf(fields, "padding_side"),
      truncationSide: options.truncationSide ?? sideOf(fields, "truncation_side"),
      padTokenTypeId: fields.count("pad_token_type_id", 0),
      modelInputNames: fields.array("model_input_names", defaultInputs(config, pipeline)).map(String),
      cleanUpTokenizationSpaces: fields.boolean("clean_up_tokenization_spaces", false),
      config: vocabulary ? { tokenizer_class: "BertTokenizer", ...config } : config,
    });
  },
};

/** The text of a file, or undefined where there is none. */
async function readText(folder: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, name), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FileFormatError(`${join(folder, name)} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function readJson(folder: string, name: string): Promise<JsonObject | undefined> {
  const text = await readText(folder, name);
  const file = join(folder, name);
  return text === undefined ? undefined : new JsonFields(file, parseJson(text, file)).object;
}

/** The lines of vocab.txt: a token's id is the number of its line. */
async function readVocabulary(folder: string): Promise<string[] | undefined> {
  const text = await readText(folder, "vocab.txt");
  return text?.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** BERT's classes in Python take their normalizer from tokenizer_config.json where it differs from tokenizer.json's. */
function followConfig(pipeline: Pipeline, config: JsonObject): Pipeline {
  const { normalizer } = pipeline.parts;
  if (!isBertClass(config) || !(normalizer instanceof BertNormalizer)) return pipeline;
  return pipeline.with({ normalizer: bertNormalizerFrom(config, normalizer) });
}

/** Roles that no file names are BERT's in a WordPiece tokenizer that has BERT's tokens. */
function withDefaults({ roles, extra }: SpecialTokens, pipeline: Pipeline): SpecialTokens {
  if (!(pipeline.parts.model instanceof WordPiece)) return { roles, extra };
  const defaults = Object.entries(BERT_SPECIAL_TOKENS).filter(([, token]) => pipeline.idOf(token) !== undefined);
  return { roles: new Map([...defaults, ...roles]), extra };
}

/** Classes of transformers whose models take token_type_ids. */
const TAKES_TYPES =
  /^(Bert(?!Generation)|Electra|MobileBert|ConvBert|SqueezeBert|Funnel|RoFormer|Lxmert|MarkupLM|Deberta)/;

/** What the models of a tokenizer's class take, where tokenizer_config.json does not list it. */
function defaultInputs(config: JsonObject, pipeline: Pipeline): readonly string[] {
  const { tokenizer_class: named } = config;
  const takesTypes = typeof named === "string" ? TAKES_TYPES.test(named) : pipeline.parts.model instanceof WordPiece;
  return takesTypes ? BERT_MODEL_INPUTS : ["input_ids", "attention_mask"];
}

function sideOf(fields: JsonFields, name: string): Side {
  const side = fields.string(name, "right");
  if (side === "left" || side === "right") return side;
  throw new FileFormatError(`${fields.file}: ${name} is "${side}"; it is "left" or "right"`);
}
