// Tokenizers: tokenizer.json's pipeline, and what Python's AutoTokenizer makes of it.
export { AutoTokenizer, type FromPretrainedOptions } from "./auto.js";
export { type BertTokenizerOptions, createBertTokenizer } from "./bert.js";
export type { Encoded, EncodingFields, Offsets, TextColumn, TextInput, TokenizerCall } from "./call-types.js";
export { BatchEncoding, type Place, type Span } from "./encoding.js";
export type { CallOptions, PaddingOptions, Side } from "./options.js";
export type { EncodedColumns, EncodedRow, EncodedRows, Padded, PaddedEncoding } from "./pad.js";
export type { DecodeOptions, NewToken, PreTrainedTokenizer } from "./tokenizer.js";
export {
  type BpeTrainingOptions,
  createRobertaTokenizer,
  type RobertaTokenizerOptions,
  type TrainedBpe,
  trainBpe,
} from "./training/bpe.js";
export { trainWordPiece, type WordPieceTrainingOptions } from "./training/wordpiece.js";
