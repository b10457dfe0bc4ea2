// Kernels that move numbers without computing: fill, copy between layouts, cast between dtypes, choice.
import type { View } from "../kernels.js";
import { elements, ints, rounding } from "./memory.js";
import { contiguous, elementCount, forEachRow, stridedSpan } from "./strided.js";

export function fill(out: View, length: number, value: number): void {
  const round = rounding(out.buffer.dtype);
  elements(out, length).fill(round ? round(value) : value);
}

export function copy(
  source: View,
  sourceStrides: readonly number[],
  out: View,
  outStrides: readonly number[],
  shape: readonly number[],
  accumulate = false,
): void {
  const from = elements(source, stridedSpan(shape, sourceStrides));
  const to = elements(out, stridedSpan(shape, outStrides));
  const round = accumulate ? rounding(out.buffer.dtype) : undefined;
  forEachRow(shape, [sourceStrides, outStrides], ([fromStart, toStart], width, [fromStep, toStep]) => {
    for (let i = 0, f = fromStart, t = toStart; i < width; i++, f += fromStep, t += toStep) {
      if (!accumulate) to[t] = from[f];
      else to[t] = round ? round(to[t] + from[f]) : to[t] + from[f];
    }
  });
}

export function cast(x: View, out: View, length: number): void {
  const from = elements(x, length);
  const to = elements(out, length);
  const round = rounding(out.buffer.dtype);
  if (round === undefined) to.set(from);
  else for (let i = 0; i < length; i++) to[i] = round(from[i]);
}

export function where(
  condition: View,
  conditionStrides: readonly number[],
  a: View,
  aStrides: readonly number[],
  b: View,
  bStrides: readonly number[],
  out: View,
  shape: readonly number[],
): void {
  const test = ints(condition, stridedSpan(shape, conditionStrides));
  const yes = elements(a, stridedSpan(shape, aStrides));
  const no = elements(b, stridedSpan(shape, bStrides));
  const to = elements(out, elementCount(shape));
  forEachRow(shape, [conditionStrides, aStrides, bStrides, contiguous(shape)], (starts, width, steps) => {
    const [testStart, yesStart, noStart, toStart] = starts;
    const [testStep, yesStep, noStep] = steps;
    for (let i = 0; i < width; i++) {
      to[toStart + i] = test[testStart + i * testStep] !== 0 ? yes[yesStart + i * yesStep] : no[noStart + i * noStep];
    }
  });
}
