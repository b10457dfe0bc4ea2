// Where an answer begins and ends in its context: two numbers a token, and a softmax over each sequence's tokens. Padding
// counts as minus infinity (Python's loss reads whatever stands there): a row's loss does not depend on its padding.
import type { Batch } from "../../batches/index.js";
import { expectFinite, type Packing, unpack } from "../../nn/index.js";
import type { PeftTaskType } from "../../peft/index.js";
import { ShapeError } from "../../support/errors.js";
import { add, cast, crossEntropy, mul, reshape, slice, sub, type Tensor, tensor, tidy } from "../../tensor/index.js";
import type { CommonConfig, ConfigOptions } from "../config.js";
import { ModelOutput, takeInputs } from "../outputs.js";
import { HeadModel } from "./head.js";

/** What stands for minus infinity: its exponential is 0 beside any score, and it goes through arithmetic without a NaN. */
const MINUS_INFINITY = -1e30;

export class QuestionAnsweringOutput extends ModelOutput {
  /** [batch, length]; -1e30 at padding, so that no search for the best span finds it. */
  readonly start_logits: Tensor;
  /** As start_logits. */
  readonly end_logits: Tensor;

  constructor(loss: Tensor | undefined, start: Tensor, end: Tensor) {
    super(loss);
    this.start_logits = start;
    this.end_logits = end;
  }
}

export abstract class QuestionAnsweringModel<Config extends CommonConfig = CommonConfig> extends HeadModel<Config> {
  /** A span's start and end, whatever labels a checkpoint has had. */
  static override readonly fixedOptions: ConfigOptions = { numLabels: 2 };

  override get peftTask(): PeftTaskType {
    return "QUESTION_ANS";
  }

  override get labelNames(): readonly string[] {
    return ["start_positions", "end_positions"];
  }

  /** [tokens, hidden] -> [tokens, 2]: start and end. */
  protected abstract score(states: Tensor): Tensor;

  /**
   * The encoder's inputs, and `start_positions` and `end_positions`, int32 [batch]: the answer's first and last token. A
   * negative one counts as 0 and one beyond the batch's length is not asked, as in Python; one on padding is an error.
   * The loss is the mean of both.
   */
  override forward(batch: Batch): QuestionAnsweringOutput {
    const { start_positions: start, end_positions: end, ...inputs } = takeInputs(this, batch);
    const { states, packing } = this.baseModel.encode(inputs);
    const both = unpack(this.score(states), packing);
    const padding = paddingPenalty(packing, inputs.attention_mask);
    const { batch: rows, length } = packing;
    const [starts, ends] = [0, 1].map((i) => add(reshape(slice(both, 2, i, i + 1), [rows, length]), padding));
    const loss =
      start && end
        ? mul(
            add(
              positionLoss("start_positions", starts, start, packing),
              positionLoss("end_positions", ends, end, packing),
            ),
            0.5,
          )
        : undefined;
    return new QuestionAnsweringOutput(loss && expectFinite(loss, "loss"), starts, ends);
  }
}

/** [batch, length]: 0 at real tokens, minus infinity at padding. */
function paddingPenalty({ batch, length, index, deviceMask }: Packing, mask: Tensor | undefined): Tensor {
  if (deviceMask && mask) return mul(sub(cast(mask, "float32"), 1), -MINUS_INFINITY);
  const penalty = new Float32Array(batch * length).fill(MINUS_INFINITY);
  index.host?.forEach((at) => {
    penalty[at] = 0;
  });
  return tensor(penalty, { shape: [batch, length] });
}

function positionLoss(name: string, logits: Tensor, positions: Tensor, packing: Packing): Tensor {
  const { batch, length, index, deviceMask } = packing;
  if (positions.dtype !== "int32" || positions.size !== batch) {
    throw new ShapeError(`${name} must be int32 [batch] for ${batch} rows, not ${positions.toString()}`);
  }
  const host = positions.host;
  if (!host) throw new ShapeError(`${name} must be known to the host (an int32 tensor made from numbers)`);
  const asked = host.map((position) => Math.min(Math.max(position, 0), length));
  if (!deviceMask && index.host) {
    const real = new Set(index.host);
    asked.forEach((position, row) => {
      if (position < length && !real.has(row * length + position)) {
        throw new ShapeError(
          `${name}: position ${position} of row ${row} is padding; was the answer truncated away? Such rows are asked 0 ` +
            "(no answer), or a position beyond the length (not asked)",
        );
      }
    });
  }
  return tidy(() => crossEntropy(logits, tensor(asked), { ignoreIndex: length }));
}
