// Rotary position embedding: pairs of columns turned by an angle of the row's position.
import { DeviceError } from "../../support/errors.js";
import type { Rotary } from "../kernels.js";
import { floats, ints } from "./memory.js";

export function rotary(call: Rotary): void {
  const { rows, width, heads, headDim, tableRows } = call;
  const half = headDim / 2;
  const x = floats(call.x, rows * width);
  const out = floats(call.out, rows * width);
  const positions = ints(call.positions, rows);
  const table = floats(call.table, tableRows * headDim);
  for (let row = 0; row < rows; row++) {
    const position = positions[row];
    if (position < 0 || position >= tableRows) {
      throw new DeviceError(`position ${position} at row ${row} is outside the table of ${tableRows} rows`);
    }
    for (let head = 0; head < heads; head++) {
      const start = row * width + head * headDim;
      for (let e = 0; e < half; e++) {
        const cosine = table[position * headDim + e];
        const sine = (call.inverse ? -1 : 1) * table[position * headDim + half + e];
        const [a, b] = [x[start + e], x[start + half + e]];
        out[start + e] = a * cosine - b * sine;
        out[start + half + e] = b * cosine + a * sine;
      }
    }
    for (let column = heads * headDim; column < width; column++) out[row * width + column] = x[row * width + column];
  }
}
