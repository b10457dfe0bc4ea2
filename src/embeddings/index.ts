// Texts as rows of numbers: models of sentences, their losses and measures.
export { FewShotClassifier, fewShotFolder } from "./few-shot-classifier.js";
export {
  fitLogisticRegression,
  type LogisticRegression,
  type LogisticRegressionOptions,
  scoresOf,
} from "./logistic-regression.js";
export {
  CosineSimilarityLoss,
  MultipleNegativesRankingLoss,
  type RankingLossOptions,
  type SentenceLossOutput,
  type SimilarityLossOptions,
} from "./losses.js";
export { normalized, type PoolingMode, pool } from "./pooling.js";
export {
  type EncodeTextOptions,
  SentenceTransformer,
  type SentenceTransformerOptions,
} from "./sentence-transformer.js";
export { cosine, evaluateRetrieval, evaluateSimilarity, nearestTo, similarity } from "./similarity.js";
