// A label for each token.
import type { Batch } from "../../batches/index.js";
import { expectFinite, packIntegers, unpack } from "../../nn/index.js";
import type { PeftTaskType } from "../../peft/index.js";
import { crossEntropy, type Tensor } from "../../tensor/index.js";
import type { CommonConfig } from "../config.js";
import { ClassifierOutput, takeInputs } from "../outputs.js";
import { HeadModel } from "./head.js";

export abstract class TokenClassificationModel<Config extends CommonConfig = CommonConfig> extends HeadModel<Config> {
  override get peftTask(): PeftTaskType {
    return "TOKEN_CLS";
  }

  /** [tokens, hidden] -> [tokens, labels]. */
  protected abstract score(states: Tensor): Tensor;

  /**
   * The encoder's inputs, and `labels` int32 [batch, length], -100 where nothing is asked. The loss is the mean over the
   * asked tokens; labels at padding are not read.
   */
  override forward(batch: Batch): ClassifierOutput {
    const { labels, ...inputs } = takeInputs(this, batch);
    const { states, packing } = this.baseModel.encode(inputs);
    const logits = this.score(states);
    const loss = labels && expectFinite(crossEntropy(logits, packIntegers(labels, packing)), "loss");
    return new ClassifierOutput(loss, unpack(logits, packing));
  }
}
