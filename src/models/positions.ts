// Positions that count from the padding token's id on, as fairseq's models do.
import { type Packing, packIntegers } from "../nn/index.js";
import { ShapeError } from "../support/errors.js";
import { type Tensor, tensor } from "../tensor/index.js";
import type { EncoderInputs } from "./encoder.js";

/**
 * The real tokens' positions: the batch's position_ids where it has them, else `padding` + the number of tokens up to and
 * with this one that are no padding tokens; a padding token that the mask calls real has the position `padding`.
 * @returns int32 [tokens]
 * @throws ShapeError where neither positions nor the ids' values are known to the host
 */
export function positionsFromPadding(inputs: EncoderInputs, packing: Packing, padding: number): Tensor {
  const { input_ids, position_ids } = inputs;
  if (position_ids) return packIntegers(position_ids, packing);
  const ids = input_ids.host;
  if (!ids) {
    throw new ShapeError(
      "input_ids must be known to the host (an int32 tensor made from numbers), or pass position_ids",
    );
  }
  const positions = new Int32Array(ids.length);
  for (let row = 0; row < packing.batch; row++) {
    let count = 0;
    for (let at = row * packing.length; at < (row + 1) * packing.length; at++) {
      positions[at] = ids[at] === padding ? padding : padding + ++count;
    }
  }
  return packIntegers(tensor(positions, { shape: input_ids.shape }), packing);
}
