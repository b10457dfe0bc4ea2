// The angles of rotary position embedding, as a table of cosines and sines that grows with the positions asked for.
import { outsideScopes, type Tensor, tensor } from "../tensor/index.js";

export class RotaryAngles {
  readonly headDim: number;
  readonly theta: number;
  /** What each pair turns by a position, [headDim / 2]; rounded to float32 where Python's are. */
  readonly frequencies: Float32Array;
  #table: Tensor | undefined;

  /** Pair e of a head turns by theta^(-2 e / headDim) a position. */
  constructor(headDim: number, theta: number) {
    this.headDim = headDim;
    this.theta = theta;
    this.frequencies = Float32Array.from(
      { length: headDim / 2 },
      (_, e) => 1 / Math.fround(theta ** ((2 * e) / headDim)),
    );
  }

  /** [at least `positions`, headDim]: the cosines of each pair's angle, then the sines. See the `rotary` op. */
  table(positions: number): Tensor {
    if (this.#table && this.#table.shape[0] >= positions) return this.#table;
    const rows = 2 ** Math.ceil(Math.log2(Math.max(positions, 16)));
    const half = this.headDim / 2;
    const values = new Float32Array(rows * this.headDim);
    for (let row = 0; row < rows; row++) {
      for (let e = 0; e < half; e++) {
        const angle = Math.fround(row * this.frequencies[e]); // as Python's: some thousand radians are not exact there
        values[row * this.headDim + e] = Math.cos(angle);
        values[row * this.headDim + half + e] = Math.sin(angle);
      }
    }
    this.#table?.dispose();
    this.#table = outsideScopes(() => tensor(values, { shape: [rows, this.headDim] }));
    return this.#table;
  }
}
