// GPT-2's and RoBERTa's tokenizers from vocab.json and merges.txt.

import type { JsonObject } from "../../support/json-object.js";
import { ByteLevelDecoder } from "../decoders/byte-level.js";
import { Bpe, type Merge } from "../models/bpe.js";
import { Pipeline } from "../pipeline.js";
import { RobertaProcessing } from "../post-processors/roberta.js";
import { ByteLevel } from "../pre-tokenizers/byte-level.js";
import type { SpecialTokens } from "../special-tokens.js";

const ROBERTA_ROLES = {
  bos_token: "<s>",
  eos_token: "</s>",
  unk_token: "<unk>",
  sep_token: "</s>",
  pad_token: "<pad>",
  cls_token: "<s>",
  mask_token: "<mask>",
};
const GPT2_ROLES = { bos_token: "<|endoftext|>", eos_token: "<|endoftext|>", unk_token: "<|endoftext|>" };

/**
 * The pipeline of these files, and the special tokens by role that it has where no other file names them. GPT-2's frames no
 * text; where tokenizer_config.json names no class, a vocabulary that has <s> and </s> is RoBERTa's.
 */
export function byteLevelPipeline(
  vocabulary: ReadonlyMap<string, number>,
  merges: readonly Merge[],
  config: JsonObject,
  given: SpecialTokens,
): { readonly pipeline: Pipeline; readonly specialTokens: SpecialTokens } {
  const { tokenizer_class: named } = config;
  const isGpt2 = typeof named === "string" ? /^(GPT|CodeGen|Bloom|OPT)/.test(named) : !vocabulary.has("</s>");
  const known = Object.entries(isGpt2 ? GPT2_ROLES : ROBERTA_ROLES).filter(([, token]) => vocabulary.has(token));
  const roles = new Map([...known, ...given.roles]);
  const frame = ["sep_token", "cls_token"].map((role): [string, number] | undefined => {
    const token = roles.get(role);
    const id = token === undefined ? undefined : vocabulary.get(token);
    return token === undefined || id === undefined ? undefined : [token, id];
  });
  const [sep, cls] = frame;
  const addPrefixSpace = config.add_prefix_space === true;
  const trimOffsets = config.trim_offsets !== false;
  const pipeline = new Pipeline({
    preTokenizer: new ByteLevel(addPrefixSpace, true, true),
    model: new Bpe(vocabulary, merges, {}, "merges.txt"),
    postProcessor: !isGpt2 && sep && cls ? new RobertaProcessing(sep, cls, { trimOffsets, addPrefixSpace }) : undefined,
    decoder: new ByteLevelDecoder(),
  });
  return { pipeline, specialTokens: { roles, extra: given.extra } };
}
