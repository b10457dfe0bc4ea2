// The loss of a batch where the model's own is not what is wanted: spread labels, or a function of one's own.
import type { Batch } from "../batches/index.js";
import { ShapeError } from "../support/errors.js";
import { crossEntropy, formatShape, reshape, type Tensor } from "../tensor/index.js";
import type { ModelResult, TrainableModel } from "./model.js";

/** A loss of one's own: the mean over the batch's labels, a scalar. `outputs` are the model's. */
export type ComputeLoss = (outputs: ModelResult, batch: Batch) => Tensor;

/** The batch's loss: a function's, or the model's, with labels spread by `smoothing`. */
export function lossOf(
  model: TrainableModel,
  batch: Batch,
  options: { readonly smoothing: number; readonly compute?: ComputeLoss },
): Tensor {
  const outputs = model.forward(batch);
  if (options.compute) return options.compute(outputs, batch);
  return options.smoothing > 0 ? smoothedLoss(outputs.logits, batch.labels, options.smoothing) : outputs.loss;
}

/**
 * Cross-entropy against labels of which a share `smoothing` is spread over all classes, the mean over labels that are not
 * -100 (transformers: trainer_pt_utils.py, LabelSmoother).
 * @param logits [..., classes]
 * @param labels int32 of the same shape without classes.
 */
export function smoothedLoss(logits: Tensor | undefined, labels: Tensor | undefined, smoothing: number): Tensor {
  if (!logits)
    throw new ShapeError("labelSmoothingFactor is for models that give logits; this one has several outputs");
  const classes = logits.shape.at(-1) ?? 1;
  const rows = logits.size / classes;
  if (labels?.dtype !== "int32" || labels.size !== rows) {
    throw new ShapeError(
      `labelSmoothingFactor is for labels that are classes: int32, ${rows} of them for logits ${formatShape(logits.shape)}, ` +
        `not ${labels ? `${labels.dtype} ${formatShape(labels.shape)}` : "a batch without labels"}`,
    );
  }
  return crossEntropy(reshape(logits, [rows, classes]), reshape(labels, [rows]), { labelSmoothing: smoothing });
}
