// Which of several continuations: each is encoded as a sequence of its own and gets one number; the softmax is over them.
import type { Batch } from "../../batches/index.js";
import { expectFinite } from "../../nn/index.js";
import { ShapeError } from "../../support/errors.js";
import { crossEntropy, formatShape, reshape, type Tensor } from "../../tensor/index.js";
import type { CommonConfig } from "../config.js";
import type { EncoderInputs } from "../encoder.js";
import { ClassifierOutput, takeInputs } from "../outputs.js";
import { HeadModel } from "./head.js";

export abstract class MultipleChoiceModel<Config extends CommonConfig = CommonConfig> extends HeadModel<Config> {
  /** What a choice is judged by, [batch * choices, hidden]: its first token's state, unless the family says otherwise. */
  protected summarize(inputs: EncoderInputs): Tensor {
    return this.baseModel.encode(inputs, { firstTokenOnly: true }).states;
  }

  /** [batch * choices, hidden] -> [batch * choices, 1]. */
  protected abstract score(summary: Tensor): Tensor;

  /** The encoder's inputs, each int32 [batch, choices, length], and `labels` int32 [batch]: the number of the right choice. */
  override forward(batch: Batch): ClassifierOutput {
    const { labels, ...inputs } = takeInputs(this, batch);
    const { shape } = inputs.input_ids;
    if (shape.length !== 3) {
      throw new ShapeError(`input_ids must be int32 [batch, choices, length], not ${inputs.input_ids.toString()}`);
    }
    const [rows, choices, length] = shape;
    const flat = Object.entries(inputs).flatMap(([name, tensor]) => {
      if (!tensor) return [];
      if (tensor.size !== rows * choices * length) {
        throw new ShapeError(`${name} ${formatShape(tensor.shape)} does not fit input_ids ${formatShape(shape)}`);
      }
      return [[name, reshape(tensor, [rows * choices, length])] as const];
    });
    const logits = reshape(this.score(this.summarize(Object.fromEntries(flat) as EncoderInputs)), [rows, choices]);
    const loss = labels && expectFinite(crossEntropy(logits, reshape(labels, [labels.size])), "loss");
    return new ClassifierOutput(loss, logits);
  }
}
