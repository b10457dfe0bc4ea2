// What models take and give.
import type { Batch } from "../batches/index.js";
import { AttuneError, nearest } from "../support/errors.js";
import type { Tensor } from "../tensor/index.js";

/** Picks a model's inputs from a batch. Throws AttuneError for a missing input_ids, or a name the model does not take. */
export function takeInputs<Name extends string>(
  model: string,
  batch: Batch,
  names: readonly Name[],
): Partial<Record<Name, Tensor>> & { input_ids: Tensor } {
  for (const name of Object.keys(batch)) {
    if (!(names as readonly string[]).includes(name)) {
      const near = nearest(name, names);
      throw new AttuneError(
        `${model} takes ${names.join(", ")}; the batch also has "${name}"${near ? ` (${near}?)` : ""}. ` +
          `Remove or rename that column.`,
      );
    }
  }
  if (!batch.input_ids) {
    throw new AttuneError(`${model} needs input_ids; the batch has ${Object.keys(batch).join(", ") || "nothing"}`);
  }
  return batch as Partial<Record<Name, Tensor>> & { input_ids: Tensor };
}

/** A head's output. `loss` exists where labels were given; reading it otherwise is an error that says so. */
export class ModelOutput {
  readonly computedLoss: Tensor | undefined;

  constructor(loss: Tensor | undefined) {
    this.computedLoss = loss;
  }

  /** Mean loss of the batch: a scalar. Throws AttuneError where the batch had no labels. */
  get loss(): Tensor {
    if (!this.computedLoss) throw new AttuneError("there is no loss: the batch had no labels");
    return this.computedLoss;
  }
}

export class ClassifierOutput extends ModelOutput {
  /** [batch, labels] */
  readonly logits: Tensor;

  constructor(loss: Tensor | undefined, logits: Tensor) {
    super(loss);
    this.logits = logits;
  }
}
