// Samplers: the order in which a loader reads the rows of a dataset.

export interface Sampler {
  /** How many rows an epoch has. */
  readonly length: number;
  /** The numbers of the rows of an epoch, in order: the same for the same epoch. */
  order(epoch: number): ArrayLike<number>;
}
