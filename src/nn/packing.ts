// Padding is an interface, not work: a padded batch [batch, length] becomes its real tokens [tokens], one sequence after
// another, with the offsets where each begins; and back only where somebody reads it padded.
import { ShapeError } from "../support/errors.js";
import { warnOnce } from "../support/log.js";
import { formatShape, gather, putRows, reshape, sameShape, type Tensor, tensor } from "../tensor/index.js";

/** Which positions of a padded batch are real, and where each sequence begins once they are packed. */
export interface Packing {
  readonly batch: number;
  /** Padded length. */
  readonly length: number;
  /** Flat position (row * length + column) of each packed token; int32 [tokens]. */
  readonly index: Tensor;
  /** Where each sequence begins, and the end; int32 [sequences + 1]. A row is one sequence, unless it is flattened. */
  readonly offsets: Tensor;
  /** Packed row of each sequence's first token; int32 [sequences]. */
  readonly first: Tensor;
  /** 0, 1, ..., sequences: the offsets of sequences of one row each; int32 [sequences + 1]. */
  readonly firstOffsets: Tensor;
  /** Column of each packed token: its position in the row, padding included; int32 [tokens]. */
  readonly columns: Int32Array;
  /**
   * Set where nothing is packed and attention has to mask: the mask's values are not known to the host, or packing would
   * change distances that matter. [batch, length]
   */
  readonly deviceMask?: Tensor;
}

export interface PackOptions {
  /** The model reads distances between tokens: rows with padding between real tokens are not packed. Default false. */
  readonly keepDistances?: boolean;
  /**
   * The tokens' positions, int32 [batch, length], where the batch has them. Without a mask, a token whose position is not
   * after that of the token before it begins a sequence: rows that were flattened into one stay apart.
   */
  readonly positions?: Tensor;
}

/**
 * Plans the packing of a batch of `shape` [batch, length].
 * @param mask int32, 1 at real tokens; default: all are real.
 * @throws ShapeError if the mask or the positions have another shape, or a row no real token.
 */
export function pack(shape: readonly number[], mask: Tensor | undefined, options: PackOptions = {}): Packing {
  const [batch, length] = shape;
  if (mask && !sameShape(mask.shape, shape)) {
    throw new ShapeError(`attention_mask ${formatShape(mask.shape)} does not fit input_ids ${formatShape(shape)}`);
  }
  const { positions } = options;
  if (positions && !sameShape(positions.shape, shape)) {
    throw new ShapeError(`position_ids ${formatShape(positions.shape)} do not fit input_ids ${formatShape(shape)}`);
  }
  const counted = mask ? undefined : positions?.host;
  const gaps = options.keepDistances && mask?.host && hasGaps(mask.host, length);
  const values = gaps ? undefined : mask?.host;
  if (gaps) {
    warnOnce("mask-gaps", "an attention mask has zeros between ones: padding is computed too, to keep the distances.");
  } else if (mask && !values) {
    warnOnce(
      "device-mask",
      "the attention mask was computed on the device: padding is computed too. Make it from numbers to skip padding.",
    );
  }
  const index = new Int32Array(batch * length);
  const columns = new Int32Array(batch * length);
  const first: number[] = [];
  let count = 0;
  for (let row = 0; row < batch; row++) {
    const begin = count;
    first.push(begin);
    for (let column = 0; column < length; column++) {
      const at = row * length + column;
      if (values && values[at] === 0) continue;
      if (counted && column > 0 && counted[at] <= counted[at - 1]) first.push(count);
      columns[count] = column;
      index[count++] = at;
    }
    if (count === begin) throw new ShapeError(`attention_mask: row ${row} has no real token`);
  }
  return {
    batch,
    length,
    index: tensor(index.subarray(0, count)),
    offsets: tensor(Int32Array.from([...first, count])),
    first: tensor(Int32Array.from(first)),
    firstOffsets: tensor(Int32Array.from({ length: first.length + 1 }, (_, sequence) => sequence)),
    columns: columns.subarray(0, count),
    deviceMask: values ? undefined : mask,
  };
}

/** Whether a row of the mask has a zero between ones. */
function hasGaps(mask: Int32Array, length: number): boolean {
  for (let start = 0; start < mask.length; start += length) {
    const row = mask.subarray(start, start + length);
    const [first, last] = [row.findIndex((value) => value !== 0), row.findLastIndex((value) => value !== 0)];
    if (first >= 0 && row.subarray(first, last).includes(0)) return true;
  }
  return false;
}

/** Rows of the longest sequence. */
export function longestSequence({ offsets, length }: Packing): number {
  return offsets.host?.reduce((longest, end, s, all) => Math.max(longest, s === 0 ? 0 : end - all[s - 1]), 0) ?? length;
}

/** The real tokens of an int32 [batch, length] tensor: int32 [tokens]. */
export function packIntegers(padded: Tensor, packing: Packing): Tensor {
  const { host } = padded;
  const index = packing.index.host;
  if (host && index) return tensor(index.map((at) => host[at]));
  return gather(reshape(padded, [padded.size]), 0, packing.index);
}

/** [tokens, ...] -> [batch, length, ...], zeros at padding. */
export function unpack(packed: Tensor, packing: Packing): Tensor {
  const { batch, length } = packing;
  const padded = putRows(packed, packing.index, batch * length);
  return reshape(padded, [batch, length, ...packed.shape.slice(1)]);
}
