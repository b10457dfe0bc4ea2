// What models take and give.
import type { Batch } from "../batches/index.js";
import { AttuneError, nearest } from "../support/errors.js";
import type { Tensor } from "../tensor/index.js";

/** What takeInputs asks of a model. */
interface TakesInputs {
  readonly inputNames: readonly string[];
  readonly labelNames: readonly string[];
}

/**
 * A batch as the model's inputs and labels.
 * @throws AttuneError for a missing input_ids, or a name that the model does not take.
 */
export function takeInputs(
  model: TakesInputs,
  batch: Batch,
): { readonly input_ids: Tensor } & Readonly<Record<string, Tensor | undefined>> {
  const names = [...model.inputNames, ...model.labelNames];
  for (const name of Object.keys(batch)) {
    if (!names.includes(name)) {
      const near = nearest(name, names);
      throw new AttuneError(
        `${model.constructor.name} takes ${names.join(", ")}; the batch also has "${name}"${near ? ` (${near}?)` : ""}. ` +
          `Remove or rename that column.`,
      );
    }
  }
  const { input_ids } = batch as { readonly input_ids?: Tensor };
  if (!input_ids) {
    throw new AttuneError(
      `${model.constructor.name} needs input_ids; the batch has ${Object.keys(batch).join(", ") || "nothing"}`,
    );
  }
  return { ...batch, input_ids };
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

/** The output of a head that gives logits. */
export class ClassifierOutput extends ModelOutput {
  /** [batch, labels]; of a token classifier [batch, length, labels], zeros at padding; of a multiple choice [batch, choices]. */
  readonly logits: Tensor;

  constructor(loss: Tensor | undefined, logits: Tensor) {
    super(loss);
    this.logits = logits;
  }
}
