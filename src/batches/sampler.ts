// Samplers: the order in which a loader reads the rows of a dataset, row by row or batch by batch.

export interface Sampler {
  /** How many rows an epoch has. */
  readonly length: number;
  /** The numbers of the rows of an epoch, in order: the same for the same epoch. */
  order(epoch: number): ArrayLike<number>;
}

/** The batches of an epoch; an array of arrays is one. */
export interface BatchOrder {
  readonly length: number;
  /** The numbers of the rows of a batch. */
  at(batch: number): ArrayLike<number> | undefined;
}

/** Says which rows are a batch. Its epochs are of one length, so that a plan of steps can be made ahead. */
export interface BatchSampler {
  /** How many batches an epoch has. */
  readonly length: number;
  /** The batches of an epoch, in order: the same for the same epoch. */
  batches(epoch: number): BatchOrder;
}
