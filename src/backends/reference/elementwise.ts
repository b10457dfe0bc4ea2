// Elementwise kernels: one table of functions of a number, one of their derivatives, one of functions of two numbers.
import type { Activation, BinaryOp, UnaryOp, View } from "../kernels.js";
import { elements, floats, ints } from "./memory.js";
import { normalCdf, normalPdf, sigmoid } from "./numbers.js";
import { contiguous, elementCount, forEachRow, stridedSpan } from "./strided.js";

/** sqrt(2/pi) (x + 0.044715 x^3), whose tanh is the approximation of erf in gelu_tanh (Hendrycks & Gimpel 2016). */
function geluTanhInner(x: number): number {
  return Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x);
}

/** op(x). */
export const unaryFunctions: Record<UnaryOp, (x: number, p0: number, p1: number) => number> = {
  neg: (x) => -x,
  exp: (x) => Math.exp(x),
  log: (x) => Math.log(x),
  sqrt: (x) => Math.sqrt(x),
  tanh: (x) => Math.tanh(x),
  sigmoid: (x) => sigmoid(x),
  relu: (x) => Math.max(x, 0),
  gelu: (x) => x * normalCdf(x),
  gelu_tanh: (x) => 0.5 * x * (1 + Math.tanh(geluTanhInner(x))),
  silu: (x) => x * sigmoid(x),
  clamp: (x, p0, p1) => Math.min(Math.max(x, p0), p1),
  affine: (x, p0, p1) => p0 * x + p1,
  power: (x, p0) => x ** p0,
};

/** op'(x), from x and y = op(x). At a kink the value is PyTorch's: relu'(0) = 0, clamp' = 0 at both ends. */
export const unaryDerivatives: Record<UnaryOp, (x: number, y: number, p0: number, p1: number) => number> = {
  neg: () => -1,
  exp: (_x, y) => y,
  log: (x) => 1 / x,
  sqrt: (_x, y) => 0.5 / y,
  tanh: (_x, y) => 1 - y * y,
  sigmoid: (_x, y) => y * (1 - y),
  relu: (x) => (x > 0 ? 1 : 0),
  gelu: (x) => normalCdf(x) + x * normalPdf(x),
  gelu_tanh: (x) => {
    const t = Math.tanh(geluTanhInner(x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * Math.sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * x * x);
  },
  silu: (x) => {
    const s = sigmoid(x);
    return s * (1 + x * (1 - s));
  },
  clamp: (x, _y, p0, p1) => (x > p0 && x < p1 ? 1 : 0),
  affine: (_x, _y, p0) => p0,
  power: (x, _y, p0) => (p0 === 0 ? 0 : p0 * x ** (p0 - 1)),
};

const binaryFunctions: Record<BinaryOp, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow: (a, b) => a ** b,
  maximum: (a, b) => Math.max(a, b),
  minimum: (a, b) => Math.min(a, b),
  eq: (a, b) => (a === b ? 1 : 0),
  ne: (a, b) => (a !== b ? 1 : 0),
  lt: (a, b) => (a < b ? 1 : 0),
  le: (a, b) => (a <= b ? 1 : 0),
  gt: (a, b) => (a > b ? 1 : 0),
  ge: (a, b) => (a >= b ? 1 : 0),
};

const comparisons: readonly BinaryOp[] = ["eq", "ne", "lt", "le", "gt", "ge"];

export function unary(op: UnaryOp, x: View, out: View, length: number, p0 = 0, p1 = 0): void {
  const f = unaryFunctions[op];
  const source = floats(x, length);
  const target = floats(out, length);
  for (let i = 0; i < length; i++) target[i] = f(source[i], p0, p1);
}

export function unaryGradient(op: UnaryOp, x: View, y: View, dy: View, dx: View, length: number, p0 = 0, p1 = 0): void {
  const derivative = unaryDerivatives[op];
  const input = floats(x, length);
  const output = floats(y, length);
  const gradient = floats(dy, length);
  const target = floats(dx, length);
  for (let i = 0; i < length; i++) target[i] = gradient[i] * derivative(input[i], output[i], p0, p1);
}

export function gatedActivation(activation: Activation, x: View, out: View, rows: number, width: number): void {
  const f = unaryFunctions[activation];
  const source = floats(x, 2 * rows * width);
  const target = floats(out, rows * width);
  for (let row = 0; row < rows; row++) {
    const a = 2 * row * width;
    for (let i = 0; i < width; i++) target[row * width + i] = f(source[a + i], 0, 0) * source[a + width + i];
  }
}

export function gatedActivationGradient(
  activation: Activation,
  x: View,
  dy: View,
  dx: View,
  rows: number,
  width: number,
): void {
  const f = unaryFunctions[activation];
  const derivative = unaryDerivatives[activation];
  const source = floats(x, 2 * rows * width);
  const gradient = floats(dy, rows * width);
  const target = floats(dx, 2 * rows * width);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < width; i++) {
      const at = 2 * row * width + i;
      const [a, b] = [source[at], source[at + width]];
      const g = gradient[row * width + i];
      const y = f(a, 0, 0);
      target[at] = g * b * derivative(a, y, 0, 0);
      target[at + width] = g * y;
    }
  }
}

export function binary(
  op: BinaryOp,
  a: View,
  aStrides: readonly number[],
  b: View,
  bStrides: readonly number[],
  out: View,
  shape: readonly number[],
): void {
  const integers = a.buffer.dtype === "int32";
  // Products of large integers keep their low 32 bits, which a product of doubles would round away.
  const f = integers && op === "mul" ? Math.imul : binaryFunctions[op];
  const left = elements(a, stridedSpan(shape, aStrides));
  const right = elements(b, stridedSpan(shape, bStrides));
  const count = elementCount(shape);
  const target = integers || comparisons.includes(op) ? ints(out, count) : floats(out, count);
  forEachRow(shape, [aStrides, bStrides, contiguous(shape)], (starts, width, steps) => {
    const [leftStart, rightStart, start] = starts;
    const [leftStep, rightStep] = steps;
    for (let i = 0; i < width; i++) {
      target[start + i] = f(left[leftStart + i * leftStep], right[rightStart + i * rightStep]);
    }
  });
}
