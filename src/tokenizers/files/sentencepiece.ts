// A tokenizer from a SentencePiece model file. Which pieces stand for what beside the file's own, and what happens to a text
// first, is each model family's own (transformers: models/*/tokenization_*.py); a family that is not listed is tokenized as
// SentencePiece itself would.

import type { JsonObject } from "../../support/json-object.js";
import { specialToken } from "../added-tokens.js";
import { ByteFallbackDecoder } from "../decoders/byte-fallback.js";
import { FuseDecoder } from "../decoders/fuse.js";
import type { Decoder } from "../decoders/index.js";
import { MetaspaceDecoder } from "../decoders/metaspace.js";
import { ReplaceDecoder } from "../decoders/replace.js";
import { DecoderSequence } from "../decoders/sequence.js";
import { StripDecoder } from "../decoders/strip.js";
import { Bpe } from "../models/bpe.js";
import type { Model } from "../models/index.js";
import { type ScoredToken, Unigram } from "../models/unigram.js";
import type { Normalizer } from "../normalizers/index.js";
import { Lowercase } from "../normalizers/lowercase.js";
import { Precompiled } from "../normalizers/precompiled.js";
import { Replace } from "../normalizers/replace.js";
import { NormalizerSequence } from "../normalizers/sequence.js";
import { Strip } from "../normalizers/strip.js";
import { StripAccents } from "../normalizers/strip-accents.js";
import { UnicodeForm } from "../normalizers/unicode-form.js";
import { Pipeline } from "../pipeline.js";
import type { PostProcessor } from "../post-processors/index.js";
import { TemplateProcessing } from "../post-processors/template.js";
import type { PreTokenizer } from "../pre-tokenizers/index.js";
import { Metaspace, type PrependScheme } from "../pre-tokenizers/metaspace.js";
import { Punctuation } from "../pre-tokenizers/punctuation.js";
import { PreTokenizerSequence } from "../pre-tokenizers/sequence.js";
import { WhitespaceSplit } from "../pre-tokenizers/whitespace-split.js";
import type { SpecialTokens } from "../special-tokens.js";
import { Pattern } from "../text/pattern.js";
import { mergesOfVocabulary } from "./merges.js";
import { PIECE, type SentencePieceModel } from "./sentencepiece-model.js";

/** What a family makes of a model file. */
interface Family {
  /** Classes of tokenizers, as tokenizer_config.json names them. */
  readonly classes: RegExp;
  /** Special tokens by role, where the files name no others. */
  readonly roles: Readonly<Record<string, string>>;
  /** Whether the mask token takes the space before it. Default false. */
  readonly maskTakesSpace?: boolean;
  /** The tokens in the order of their ids. Default: the file's pieces. */
  readonly tokens?: (pieces: readonly ScoredToken[], roles: ReadonlyMap<string, string>) => readonly ScoredToken[];
  /** The id of the token for unknown characters. Default: the file's. */
  readonly unknownId?: number;
  readonly normalizers: (charsmap: readonly Normalizer[], config: JsonObject) => readonly Normalizer[];
  readonly preTokenizers: (config: JsonObject) => readonly PreTokenizer[];
  /** What frames a text and a pair: roles of special tokens, A and B. */
  readonly frame?: { readonly single: string; readonly pair: string };
}

const ANGLE = {
  bos_token: "<s>",
  eos_token: "</s>",
  sep_token: "</s>",
  cls_token: "<s>",
  unk_token: "<unk>",
  pad_token: "<pad>",
  mask_token: "<mask>",
};
const SQUARE = {
  bos_token: "[CLS]",
  eos_token: "[SEP]",
  sep_token: "[SEP]",
  cls_token: "[CLS]",
  unk_token: "<unk>",
  pad_token: "<pad>",
  mask_token: "[MASK]",
};
const ROBERTA_FRAME = { single: "bos_token A eos_token", pair: "bos_token A eos_token eos_token B eos_token" };
const BERT_FRAME = { single: "cls_token A sep_token", pair: "cls_token A sep_token B:1 sep_token:1" };
const words = (config: JsonObject): PreTokenizer[] => [
  new WhitespaceSplit(),
  new Metaspace("\u2581", schemeOf(config)),
];

const FAMILIES: readonly Family[] = [
  {
    classes: /^Albert/,
    roles: SQUARE,
    unknownId: 1,
    normalizers: (charsmap, config) => [
      new Replace(Pattern.string("``"), '"'),
      new Replace(Pattern.string("''"), '"'),
      ...(config.keep_accents === true ? [] : [new UnicodeForm("NFKD"), new StripAccents()]),
      ...(config.do_lower_case === false ? [] : [new Lowercase()]),
      ...charsmap,
    ],
    preTokenizers: words,
    frame: BERT_FRAME,
  },
  {
    classes: /^DebertaV2/,
    roles: { ...SQUARE, unk_token: "[UNK]", pad_token: "[PAD]" },
    unknownId: 1,
    normalizers: (_, config) => [
      ...(config.do_lower_case === true ? [new Lowercase()] : []),
      new Replace(Pattern.regex("\\s{2,}|[\\n\\r\\t]"), " "),
      new UnicodeForm("NFC"),
      new Strip(false, true),
    ],
    preTokenizers: (config) => [
      ...(config.split_by_punct === true ? [new Punctuation("Isolated")] : []),
      new Metaspace("\u2581", schemeOf(config, "first")),
    ],
    frame: BERT_FRAME,
  },
  {
    classes: /^XLMRoberta/,
    roles: ANGLE,
    tokens: (pieces, roles) => [
      ...named(roles, "bos_token", "pad_token", "eos_token", "unk_token"),
      ...pieces.slice(3),
      ...named(roles, "mask_token"),
    ],
    unknownId: 3,
    normalizers: (charsmap) => charsmap,
    preTokenizers: words,
    frame: ROBERTA_FRAME,
  },
  {
    classes: /^Camembert/,
    roles: ANGLE,
    maskTakesSpace: true,
    tokens: (pieces, roles) => [
      ["<s>NOTUSED", 0],
      ...named(roles, "pad_token"),
      ["</s>NOTUSED", 0],
      ...named(roles, "unk_token"),
      ["<unk>NOTUSED", -100],
      ...pieces.slice(1),
      ...named(roles, "mask_token"),
    ],
    unknownId: 3,
    normalizers: (charsmap) => charsmap,
    preTokenizers: words,
    frame: ROBERTA_FRAME,
  },
  {
    classes: /^(M?T5|Udop)/,
    roles: { eos_token: "</s>", unk_token: "<unk>", pad_token: "<pad>" },
    tokens: (pieces) => [...pieces, ...Array.from({ length: 100 }, (_, i): ScoredToken => [`<extra_id_${99 - i}>`, 0])],
    unknownId: 2,
    normalizers: (charsmap) => charsmap,
    preTokenizers: () => words({}),
    frame: { single: "A eos_token", pair: "A eos_token B eos_token" },
  },
  {
    classes: /^Llama/,
    roles: { unk_token: "<unk>", bos_token: "<s>", eos_token: "</s>" },
    normalizers: () => [],
    preTokenizers: (config) => [
      new Metaspace(
        "\u2581",
        config.add_prefix_space === false ? "never" : config.legacy === true ? "always" : "first",
        false,
      ),
    ],
  },
];

/** SentencePiece's own way, where no family is known. */
function plainFamily(model: SentencePieceModel): Family {
  return {
    classes: /^$/,
    roles: {},
    normalizers: (charsmap) => [
      ...charsmap,
      ...(model.removeExtraWhitespaces ? [new Strip(true, true), new Replace(Pattern.regex(" {2,}"), " ")] : []),
    ],
    preTokenizers: () => [new Metaspace("\u2581", model.addDummyPrefix ? "always" : "never", model.kind === "unigram")],
  };
}

/** The pipeline of a model file, and the special tokens that it has where no other file names them. */
export function sentencePiecePipeline(
  model: SentencePieceModel,
  config: JsonObject,
  given: SpecialTokens,
): { readonly pipeline: Pipeline; readonly specialTokens: SpecialTokens } {
  const named = typeof config.tokenizer_class === "string" ? config.tokenizer_class : "";
  const family = FAMILIES.find(({ classes }) => classes.test(named)) ?? plainFamily(model);
  const roles = new Map([...Object.entries(family.roles), ...given.roles]);
  const pieces = model.pieces.map(({ piece, score }): ScoredToken => [piece, score]);
  const tokens = family.tokens?.(pieces, roles) ?? pieces;
  const ids = new Map(tokens.map(([token], id) => [token, id]));
  for (const [role, token] of Object.entries(family.roles)) {
    // A role that only the family's habit gives, to a token that this file lacks, is none.
    if (!given.roles.has(role) && !ids.has(token)) roles.delete(role);
  }
  const charsmap = model.charsmap.length > 0 ? [new Precompiled(model.charsmap)] : [];
  const normalizers = family.normalizers(charsmap, config);
  const preTokenizers = family.preTokenizers(config);
  const extras = model.pieces.filter(({ type }) => type === PIECE.control || type === PIECE.userDefined);
  const addedTokens = extras.flatMap(({ piece, type }) => {
    const id = ids.get(piece);
    const isSpecial = type === PIECE.control || [...roles.values()].includes(piece);
    return id === undefined ? [] : [{ ...specialToken(piece, id), special: isSpecial }];
  });
  const mask = roles.get("mask_token");
  const maskId = family.maskTakesSpace && mask !== undefined ? ids.get(mask) : undefined;
  if (mask !== undefined && maskId !== undefined) addedTokens.push({ ...specialToken(mask, maskId), lstrip: true });
  const pipeline = new Pipeline({
    normalizer: normalizers.length > 1 ? new NormalizerSequence(normalizers) : normalizers[0],
    preTokenizer: preTokenizers.length > 1 ? new PreTokenizerSequence(preTokenizers) : preTokenizers[0],
    model: modelOf(model, tokens, family.unknownId ?? model.unknownId),
    postProcessor: frameOf(family, config, roles, ids),
    decoder: decoderOf(model, preTokenizers),
    addedTokens,
  });
  const extraIds = tokens.flatMap(([token]) => (/^<extra_id_\d+>$/.test(token) ? [token] : []));
  return { pipeline, specialTokens: { roles, extra: [...given.extra, ...extraIds] } };
}

function modelOf(model: SentencePieceModel, tokens: readonly ScoredToken[], unknownId: number): Model {
  if (model.kind === "unigram") return new Unigram(tokens, unknownId, model.byteFallback);
  const vocabulary = new Map(tokens.map(([token], id) => [token, id]));
  return new Bpe(vocabulary, mergesOfVocabulary(vocabulary), {
    unknownToken: tokens[unknownId]?.[0],
    fuseUnknown: true,
    byteFallback: model.byteFallback,
  });
}

function decoderOf(model: SentencePieceModel, preTokenizers: readonly PreTokenizer[]): Decoder {
  const metaspace = preTokenizers.find((stage) => stage instanceof Metaspace);
  const scheme = metaspace?.prependScheme ?? "always";
  if (!model.byteFallback) return new MetaspaceDecoder("\u2581", scheme);
  return new DecoderSequence([
    new ReplaceDecoder(Pattern.string("\u2581"), " "),
    new ByteFallbackDecoder(),
    new FuseDecoder(),
    ...(scheme === "never" ? [] : [new StripDecoder(" ", 1, 0)]),
  ]);
}

/** `bos_token A eos_token` with ids; B and what follows may be of type 1 (`:1`). */
function frameOf(
  { frame }: Family,
  config: JsonObject,
  roles: ReadonlyMap<string, string>,
  ids: ReadonlyMap<string, number>,
): PostProcessor | undefined {
  const [before, after] = [
    config.add_bos_token === true ? "bos_token " : "",
    config.add_eos_token === true ? " eos_token" : "",
  ];
  const { single, pair } = frame ?? { single: `${before}A${after}`, pair: `${before}A${after} ${before}B${after}` };
  if (single === "A") return undefined;
  return TemplateProcessing.fromText(single, pair, (role) => {
    const token = roles.get(role);
    const id = token === undefined ? undefined : ids.get(token);
    return token === undefined || id === undefined ? undefined : [token, id];
  });
}

function named(roles: ReadonlyMap<string, string>, ...names: readonly string[]): ScoredToken[] {
  return names.flatMap((name): ScoredToken[] => {
    const token = roles.get(name);
    return token === undefined ? [] : [[token, 0]];
  });
}

function schemeOf(config: JsonObject, otherwise: PrependScheme = "never"): PrependScheme {
  return config.add_prefix_space === false ? otherwise : "always";
}
