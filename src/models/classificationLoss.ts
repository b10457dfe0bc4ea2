// The loss of a sequence-classification head: by problem_type, else by the labels (transformers: loss/loss_utils.py).
import { expectFinite } from "../nn/index.js";
import { ShapeError } from "../support/errors.js";
import { bceWithLogits, cast, crossEntropy, formatShape, mse, reshape, type Tensor } from "../tensor/index.js";
import { type CommonConfig, numLabels, type ProblemType } from "./config.js";

/** One label: regression; several and integers [batch]: classes; several and floats or [batch, labels]: independent. */
export function problemTypeOf(config: CommonConfig, labels: Tensor): ProblemType {
  if (config.problem_type) return config.problem_type;
  if (numLabels(config) === 1) return "regression";
  const perRow = labels.rank > 1 && labels.shape[1] > 1;
  return labels.dtype === "int32" && !perRow ? "single_label_classification" : "multi_label_classification";
}

/** logits [batch, labels] -> a scalar. */
export function classificationLoss(config: CommonConfig, logits: Tensor, labels: Tensor): Tensor {
  const problem = problemTypeOf(config, labels);
  if (problem === "single_label_classification") {
    if (labels.dtype !== "int32") {
      throw new ShapeError(`labels are ${labels.dtype} ${formatShape(labels.shape)}; classes must be int32 [batch]`);
    }
    return expectFinite(crossEntropy(logits, reshape(labels, [labels.size])), "loss");
  }
  const targets = labels.dtype === "float32" ? labels : cast(labels, "float32");
  if (targets.size !== logits.size) {
    throw new ShapeError(
      `labels ${formatShape(labels.shape)} do not fit logits ${formatShape(logits.shape)} for ${problem}`,
    );
  }
  const loss = problem === "regression" ? mse : bceWithLogits;
  return expectFinite(loss(logits, reshape(targets, logits.shape)), "loss");
}
