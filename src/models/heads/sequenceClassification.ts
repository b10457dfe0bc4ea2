// A label, a number or several labels for each sequence.
import type { Batch } from "../../batches/index.js";
import type { PeftTaskType } from "../../peft/index.js";
import type { Tensor } from "../../tensor/index.js";
import { classificationLoss } from "../classificationLoss.js";
import type { CommonConfig } from "../config.js";
import type { EncoderInputs } from "../encoder.js";
import { ClassifierOutput, takeInputs } from "../outputs.js";
import { HeadModel } from "./head.js";

export abstract class SequenceClassificationModel<
  Config extends CommonConfig = CommonConfig,
> extends HeadModel<Config> {
  override get peftTask(): PeftTaskType {
    return "SEQ_CLS";
  }

  /** What a sequence is judged by, [batch, hidden]: its first token's state, unless the family says otherwise. */
  protected summarize(inputs: EncoderInputs): Tensor {
    return this.baseModel.encode(inputs, { firstTokenOnly: true }).states;
  }

  /** [batch, hidden] -> [batch, labels]. */
  protected abstract score(summary: Tensor): Tensor;

  /**
   * The encoder's inputs, and `labels`: int32 [batch] for classes, float32 [batch] for one number, float32 [batch, labels]
   * for independent labels. `problem_type` of the config decides where it is given.
   */
  override forward(batch: Batch): ClassifierOutput {
    const { labels, ...inputs } = takeInputs(this, batch);
    const logits = this.score(this.summarize(inputs));
    return new ClassifierOutput(labels && classificationLoss(this.config, logits, labels), logits);
  }
}
