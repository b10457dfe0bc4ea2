// The pipeline "sentence-similarity": how near sentences are to one. It takes what the Hub's task of that name takes, in
// TypeScript's casing; transformers itself has none.
import { cosine, SentenceTransformer } from "../embeddings/index.js";
import type { HubOptions } from "../hub/index.js";
import { EncoderModel } from "../models/index.js";
import { ConfigError, DataError } from "../support/errors.js";
import { checkCount, type TokenizerLike } from "./running.js";

/** A sentence, and others that are compared with it. */
export interface SimilarityInput {
  readonly sourceSentence: string;
  readonly sentences: readonly string[];
}

/**
 * The cosines of the embeddings of each sentence and of the source, in the sentences' order; of many inputs in theirs.
 * @throws DataError for an input that is no sentence with others
 */
export interface SentenceSimilarityPipeline {
  (input: SimilarityInput, options?: { readonly batchSize?: number }): Promise<number[]>;
  (inputs: readonly SimilarityInput[], options?: { readonly batchSize?: number }): Promise<number[][]>;
}

export async function loadSentenceSimilarity(
  given: string | SentenceTransformer | EncoderModel,
  tokenizer?: TokenizerLike,
  hub: HubOptions = {},
): Promise<SentenceSimilarityPipeline> {
  const model = await modelOf(given, tokenizer, hub);
  const compare = async (input: unknown, { batchSize = 32 }: { readonly batchSize?: number } = {}) => {
    checkCount("batchSize", batchSize);
    const single = !Array.isArray(input);
    const asked = ([input].flat() as unknown[]).map(toInput);
    const texts = [...new Set(asked.flatMap(({ sourceSentence, sentences }) => [sourceSentence, ...sentences]))];
    const rows = await model.encode(texts, { batchSize });
    const rowOf = new Map(texts.map((text, i) => [text, rows[i]]));
    const embedded = (text: string) => rowOf.get(text) ?? [];
    const results = asked.map(({ sourceSentence, sentences }) =>
      sentences.map((sentence) => cosine(embedded(sourceSentence), embedded(sentence))),
    );
    return single ? results[0] : results;
  };
  return compare as SentenceSimilarityPipeline;
}

function modelOf(
  given: string | SentenceTransformer | EncoderModel,
  tokenizer: TokenizerLike | undefined,
  hub: HubOptions,
): SentenceTransformer | Promise<SentenceTransformer> {
  if (typeof given === "string") return SentenceTransformer.fromPretrained(given, hub);
  if (given instanceof SentenceTransformer) return given;
  if (given instanceof EncoderModel && tokenizer) return new SentenceTransformer(given, tokenizer).eval();
  throw new ConfigError("pipeline: sentence-similarity needs a SentenceTransformer, or an encoder with { tokenizer }");
}

function toInput(input: unknown, i: number): SimilarityInput {
  const { sourceSentence, sentences } = (input ?? {}) as Partial<SimilarityInput>;
  const areTexts = Array.isArray(sentences) && sentences.every((sentence) => typeof sentence === "string");
  if (typeof sourceSentence === "string" && areTexts) return { sourceSentence, sentences };
  throw new DataError(
    `input ${i} of the pipeline is ${JSON.stringify(input)?.slice(0, 200)}; { sourceSentence, sentences } is needed`,
  );
}
