// The angles of rotary position embedding, as a table of cosines and sines that grows with the positions asked for.
import { outsideScopes, type Tensor, tensor } from "../tensor/index.js";

export class RotaryAngles {
  readonly headDim: number;
  readonly theta: number;
  #table: Tensor | undefined;

  /** Pair e of a head turns by theta^(-2 e / headDim) a position. */
  constructor(headDim: number, theta: number) {
    this.headDim = headDim;
    this.theta = theta;
  }

  /** [at least `positions`, headDim]: the cosines of each pair's angle, then the sines. See the `rotary` op. */
  table(positions: number): Tensor {
    if (this.#table && this.#table.shape[0] >= positions) return this.#table;
    const rows = 2 ** Math.ceil(Math.log2(Math.max(positions, 16)));
    const half = this.headDim / 2;
    const values = new Float32Array(rows * this.headDim);
    // rounded to float32 where Python's are: an angle of some thousand radians is not exact there
    const frequencies = Float32Array.from(
      { length: half },
      (_, e) => 1 / Math.fround(this.theta ** ((2 * e) / this.headDim)),
    );
    for (let row = 0; row < rows; row++) {
      for (let e = 0; e < half; e++) {
        const angle = Math.fround(row * frequencies[e]);
        values[row * this.headDim + e] = Math.cos(angle);
        values[row * this.headDim + half + e] = Math.sin(angle);
      }
    }
    this.#table?.dispose();
    this.#table = outsideScopes(() => tensor(values, { shape: [rows, this.headDim] }));
    return this.#table;
  }
}
