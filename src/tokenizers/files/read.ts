// The tokenizer that a folder's files describe: tokenizer.json, or one of the vocabularies of the time before it.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError } from "../../support/errors.js";
import { isObject, type JsonObject } from "../../support/json-object.js";
import type { TokenTraits } from "../added-tokens.js";
import { BERT_SPECIAL_TOKENS, bertNormalizerFrom, bertPipeline, isBertClass } from "../bert.js";
import { JsonFields } from "../json/fields.js";
import { parseJson } from "../json/text.js";
import { positionsOf } from "../model-positions.js";
import { WordPiece } from "../models/wordpiece.js";
import { BertNormalizer } from "../normalizers/bert.js";
import { Pipeline } from "../pipeline.js";
import { declaredTokens, type SpecialTokens, specialTokensFrom } from "../special-tokens.js";
import { byteLevelPipeline } from "./byte-level.js";
import { parseMerges, parseVocabulary } from "./merges.js";
import { sentencePiecePipeline } from "./sentencepiece.js";
import { readSentencePieceModel } from "./sentencepiece-model.js";

export interface TokenizerFiles {
  readonly pipeline: Pipeline;
  readonly specialTokens: SpecialTokens;
  /** tokenizer_config.json, with the class where the files tell it and it does not. */
  readonly config: JsonObject;
  /** The tokens that the model beside the tokenizer has positions for; Infinity where no config.json says. */
  readonly positions: number;
}

/** SentencePiece's models, by the names that they have in repositories. */
export const SENTENCEPIECE_FILES = ["spiece.model", "sentencepiece.bpe.model", "spm.model", "tokenizer.model"];

/** Throws FileFormatError where the folder has no tokenizer, or a file is damaged or asks for what is not supported. */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const config = (await readJson(folder, "tokenizer_config.json")) ?? {};
  const map = (await readJson(folder, "special_tokens_map.json")) ?? {};
  const given = specialTokensFrom(config, map);
  const declared = declaredTokens(config, map);
  const read = await readDescribed(folder, config, given, declared);
  const positions = positionsOf((await readJson(folder, "config.json")) ?? {});
  const special = [...read.specialTokens.roles.values(), ...read.specialTokens.extra];
  return { ...read, positions, pipeline: read.pipeline.withSpecialTokens(special, declared) };
}

/** What all files say but config.json. */
type Described = Omit<TokenizerFiles, "positions">;

/** How added tokens are found, by their text, where files say it. */
type Declared = ReadonlyMap<string, TokenTraits>;

async function readDescribed(
  folder: string,
  config: JsonObject,
  given: SpecialTokens,
  declared: Declared,
): Promise<Described> {
  const json = await readJson(folder, "tokenizer.json");
  if (json) {
    const pipeline = followConfig(Pipeline.fromJson(json, join(folder, "tokenizer.json")), config);
    return { pipeline, specialTokens: withDefaults(given, pipeline), config };
  }
  const read = await readVocabulary(folder, config, given);
  const file = join(folder, "added_tokens.json");
  const added = parseVocabulary((await readJson(folder, "added_tokens.json")) ?? {}, file);
  return { ...read, pipeline: withAdded(read, added, declared, file) };
}

/** The tokens of the time before tokenizer.json that were added to a vocabulary. Throws where their ids are not the next. */
function withAdded(
  { pipeline, specialTokens: { roles, extra } }: Described,
  added: ReadonlyMap<string, number>,
  declared: Declared,
  file: string,
): Pipeline {
  const specials = new Set([...roles.values(), ...extra]);
  const inOrder = [...added].sort(([, a], [, b]) => a - b);
  const all = pipeline.withTokens(
    inOrder.map(([content]) => {
      const special = specials.has(content);
      const traits = { single_word: false, lstrip: false, rstrip: false, normalized: !special };
      return { content, ...traits, ...declared.get(content), special };
    }),
  );
  for (const [token, id] of inOrder) {
    if (all.idOf(token) === id) continue;
    throw new FileFormatError(
      `${file}: "${token}" has the id ${id}, and the vocabulary would give it ${all.idOf(token)}: is it of another vocabulary?`,
    );
  }
  return all;
}

/** A tokenizer of the time before tokenizer.json. */
async function readVocabulary(folder: string, config: JsonObject, given: SpecialTokens): Promise<Described> {
  const lines = await readText(folder, "vocab.txt");
  if (lines !== undefined) {
    const vocabulary = lines.replace(/\r?\n$/, "").split(/\r?\n/); // a token's id is the number of its line
    const pipeline = bertPipeline(vocabulary, Object.fromEntries(given.roles), bertNormalizerFrom(config));
    return { pipeline, specialTokens: withDefaults(given, pipeline), config: withClass(config, "BertTokenizer") };
  }
  const merges = await readText(folder, "merges.txt");
  const vocabulary = merges === undefined ? undefined : await readJson(folder, "vocab.json");
  if (merges !== undefined && vocabulary) {
    const tokens = parseVocabulary(vocabulary, join(folder, "vocab.json"));
    const read = byteLevelPipeline(tokens, parseMerges(merges, join(folder, "merges.txt")), config, given);
    return { ...read, config: withClass(config, "RobertaTokenizer") };
  }
  for (const name of SENTENCEPIECE_FILES) {
    const file = join(folder, name);
    const bytes = await readIfThere(file);
    if (bytes) return { ...sentencePiecePipeline(readSentencePieceModel(bytes, file), config, given), config };
  }
  const found = (await readdir(folder)).join(", ") || "nothing";
  throw new FileFormatError(
    `${folder} has neither tokenizer.json nor vocab.txt, vocab.json with merges.txt, or a SentencePiece model ` +
      `(${SENTENCEPIECE_FILES.join(", ")}); it has ${found}`,
  );
}

/** The bytes of a file, or undefined where there is none. */
async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new FileFormatError(`${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

async function readText(folder: string, name: string): Promise<string | undefined> {
  return (await readIfThere(join(folder, name)))?.toString("utf8");
}

async function readJson(folder: string, name: string): Promise<JsonObject | undefined> {
  const text = await readText(folder, name);
  const file = join(folder, name);
  return text === undefined ? undefined : new JsonFields(file, parseJson(text, file)).object;
}

function withClass(config: JsonObject, name: string): JsonObject {
  return isObject(config) && config.tokenizer_class === undefined ? { tokenizer_class: name, ...config } : config;
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
