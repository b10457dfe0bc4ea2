// How many tokens a model takes, as its config.json says.

/** Families that count positions from behind the padding token's id: their tables' rows up to there are never used. */
const COUNT_FROM_PADDING = /roberta|camembert|mpnet/;

/** The keys of config.json that tell. */
export interface PositionsConfig {
  readonly max_position_embeddings?: unknown;
  readonly model_type?: unknown;
  readonly pad_token_id?: unknown;
}

/** The tokens that a model has positions for; Infinity where its config does not say. */
export function positionsOf(config: PositionsConfig): number {
  const { max_position_embeddings: rows, model_type: type, pad_token_id: padding = 1 } = config;
  if (typeof rows !== "number" || !(rows > 0)) return Infinity;
  return COUNT_FROM_PADDING.test(String(type)) ? rows - Number(padding) - 1 : rows;
}
