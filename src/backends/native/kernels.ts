// The contract's kernels as commands of the native stream: each call writes opcode, step and arguments as doubles into the
// block shared with the engine. The order of a kernel's arguments is that in which its C++ reads them;
// a change of it raises INTERFACE in addon.ts.
import { DeviceError } from "../../support/errors.js";
import type {
  Activation,
  AdamWTensor,
  Attention,
  AttentionGradient,
  AttentionResult,
  BinaryOp,
  CrossEntropy,
  CrossEntropyForward,
  CrossEntropyGradient,
  Dropout,
  Gemm,
  Kernels,
  LayerNorm,
  LayerNormGradient,
  Normal,
  ReduceOp,
  Rotary,
  Run,
  UnaryOp,
  View,
} from "../kernels.js";
import type { Engine } from "./addon.js";
import { addressOf, DTYPE_NUMBER } from "./memory.js";

// A name's index is its number in C++: Unary in elementwise.cpp, Binary in strided.cpp, Reduce in reduce.cpp, Activation in
// product.h (0 there is none) and withActivation in elementwise.cpp.
const UNARY: readonly UnaryOp[] = [
  ...(["neg", "exp", "log", "sqrt", "tanh", "sigmoid", "relu", "gelu", "gelu_tanh", "silu", "clamp"] as const),
  ...(["affine", "power"] as const),
];
const BINARY: readonly BinaryOp[] = [
  ...(["add", "sub", "mul", "div", "pow", "maximum", "minimum", "eq", "ne", "lt", "le", "gt", "ge"] as const),
];
const REDUCE: readonly ReduceOp[] = ["sum", "mean", "max"];
const ACTIVATION: readonly Activation[] = ["gelu", "gelu_tanh", "relu", "silu", "tanh"];

const numbers = <T extends string>(names: readonly T[], first = 0): Readonly<Record<T, number>> =>
  Object.fromEntries(names.map((name, i) => [name, i + first])) as Record<T, number>;
const unaryNumber = numbers(UNARY);
const binaryNumber = numbers(BINARY);
const reduceNumber = numbers(REDUCE);
const activationNumber = numbers(ACTIVATION, 1);

/** Every kernel of the contract; the compiler asks for those that are missing here. */
const CONTRACT: Readonly<Record<keyof Kernels, true>> = {
  ...{ fill: true, copy: true, cast: true, unary: true, unaryGradient: true, binary: true, where: true, reduce: true },
  ...{ argmax: true, softmax: true, softmaxGradient: true, gemm: true, gemmBfloat16: true },
  ...{ layerNorm: true, layerNormGradient: true },
  ...{ attention: true, attentionGradient: true, rotary: true, gatedActivation: true, gatedActivationGradient: true },
  ...{ dropout: true, drawNormal: true, gatherRows: true, scatterAddRows: true },
  ...{ sumRowSegments: true, gather: true, scatterAdd: true, crossEntropy: true, crossEntropyGradient: true },
  ...{ norm: true, clipFactor: true, scale: true, adamw: true, checkFinite: true },
};

export class NativeKernels implements Kernels {
  /** Written into every command. */
  step = 0;
  /** Arguments of the command in the making; the engine leaves numbers here too. */
  block: Float64Array;
  readonly #opcode: Readonly<Record<keyof Kernels, number>>;
  #engine: Engine | undefined;
  #length = 0;

  /** `opcodes`: the addon's kernels, in the order of their numbers. */
  constructor(opcodes: readonly string[], blockLength: number) {
    const missing = Object.keys(CONTRACT).filter((name) => !opcodes.includes(name));
    if (missing.length > 0) {
      throw new DeviceError(`the native addon lacks ${missing.join(", ")}; rebuild it with: npm run build:native`);
    }
    this.#opcode = numbers(opcodes) as Record<keyof Kernels, number>;
    this.block = new Float64Array(blockLength);
  }

  /** Where commands go; without an engine every call throws. */
  connect(engine: Engine | undefined): void {
    this.#engine = engine;
  }

  // ---- writing a command ----

  /** `room`: how many arguments may come, where they are many. */
  #begin(kernel: keyof Kernels, room = 0): void {
    if (room + 64 > this.block.length) {
      this.block = new Float64Array(2 * room + 64);
      this.#engine?.setBlock(this.block);
    }
    this.block[0] = this.#opcode[kernel];
    this.block[1] = this.step;
    this.#length = 2;
  }
  #number(value: number): void {
    this.block[this.#length++] = value;
  }
  #flag(value: boolean | undefined): void {
    this.block[this.#length++] = value ? 1 : 0;
  }
  #view(view: View): void {
    this.block[this.#length++] = addressOf(view);
  }
  #optional(view: View | undefined): void {
    this.block[this.#length++] = view === undefined ? 0 : addressOf(view);
  }
  #dtype(view: View): void {
    this.block[this.#length++] = DTYPE_NUMBER[view.buffer.dtype];
  }
  #dropout(dropout: Dropout | undefined): void {
    this.#flag(dropout !== undefined);
    this.#number(dropout ? Math.floor(dropout.probability * 2 ** 24) : 0);
    this.#number(dropout ? 1 / (1 - dropout.probability) : 1);
    this.#number(dropout ? dropout.key0 >>> 0 : 0);
    this.#number(dropout ? dropout.key1 >>> 0 : 0);
  }
  #list(values: readonly number[]): void {
    for (const value of values) this.block[this.#length++] = value;
  }
  #end(): void {
    if (this.#engine === undefined) throw new DeviceError("the native backend is closed");
    if (!this.#engine.enqueue(this.#length)) throw new DeviceError("the system has no memory for another command");
  }

  // ---- elements ----

  fill(out: View, length: number, value: number): void {
    this.#begin("fill");
    this.#dtype(out);
    this.#view(out);
    this.#number(length);
    this.#number(value);
    this.#end();
  }

  copy(
    source: View,
    sourceStrides: readonly number[],
    out: View,
    outStrides: readonly number[],
    shape: readonly number[],
    accumulate?: boolean,
  ): void {
    this.#begin("copy");
    this.#dtype(source);
    this.#view(source);
    this.#view(out);
    this.#flag(accumulate);
    this.#number(shape.length);
    this.#list(shape);
    this.#list(sourceStrides);
    this.#list(outStrides);
    this.#end();
  }

  cast(x: View, out: View, length: number): void {
    this.#begin("cast");
    this.#dtype(x);
    this.#dtype(out);
    this.#view(x);
    this.#view(out);
    this.#number(length);
    this.#end();
  }

  unary(op: UnaryOp, x: View, out: View, length: number, p0 = 0, p1 = 0): void {
    this.#begin("unary");
    this.#number(unaryNumber[op]);
    this.#view(x);
    this.#view(out);
    this.#number(length);
    this.#number(p0);
    this.#number(p1);
    this.#end();
  }

  unaryGradient(op: UnaryOp, x: View, y: View, dy: View, dx: View, length: number, p0 = 0, p1 = 0): void {
    this.#begin("unaryGradient");
    this.#number(unaryNumber[op]);
    this.#view(x);
    this.#view(y);
    this.#view(dy);
    this.#view(dx);
    this.#number(length);
    this.#number(p0);
    this.#number(p1);
    this.#end();
  }

  binary(
    op: BinaryOp,
    a: View,
    aStrides: readonly number[],
    b: View,
    bStrides: readonly number[],
    out: View,
    shape: readonly number[],
  ): void {
    this.#begin("binary");
    this.#number(binaryNumber[op]);
    this.#dtype(a);
    this.#view(a);
    this.#view(b);
    this.#view(out);
    this.#number(shape.length);
    this.#list(shape);
    this.#list(aStrides);
    this.#list(bStrides);
    this.#end();
  }

  where(
    condition: View,
    conditionStrides: readonly number[],
    a: View,
    aStrides: readonly number[],
    b: View,
    bStrides: readonly number[],
    out: View,
    shape: readonly number[],
  ): void {
    this.#begin("where");
    this.#dtype(a);
    this.#view(condition);
    this.#view(a);
    this.#view(b);
    this.#view(out);
    this.#number(shape.length);
    this.#list(shape);
    this.#list(conditionStrides);
    this.#list(aStrides);
    this.#list(bStrides);
    this.#end();
  }

  dropout(x: View, out: View, length: number, dropout: Dropout): void {
    this.#begin("dropout");
    this.#view(x);
    this.#view(out);
    this.#number(length);
    this.#dropout(dropout);
    this.#end();
  }

  drawNormal(out: View, length: number, { mean, deviation, key0, key1 }: Normal): void {
    this.#begin("drawNormal");
    this.#view(out);
    this.#number(length);
    this.#number(mean);
    this.#number(deviation);
    this.#number(key0 >>> 0);
    this.#number(key1 >>> 0);
    this.#end();
  }

  checkFinite(x: View, length: number, what: string): void {
    const name = new TextEncoder().encode(what).subarray(0, 256);
    this.#begin("checkFinite");
    this.#view(x);
    this.#number(length);
    this.#number(name.length);
    new Uint8Array(this.block.buffer, this.#length * 8, name.length).set(name);
    this.#length += Math.ceil(name.length / 8);
    this.#end();
  }

  // ---- reductions ----

  reduce(op: ReduceOp, x: View, out: View, outer: number, size: number, inner: number): void {
    this.#begin("reduce");
    this.#number(reduceNumber[op]);
    this.#view(x);
    this.#view(out);
    this.#number(outer);
    this.#number(size);
    this.#number(inner);
    this.#end();
  }

  argmax(x: View, out: View, outer: number, size: number, inner: number): void {
    this.#begin("argmax");
    this.#view(x);
    this.#view(out);
    this.#number(outer);
    this.#number(size);
    this.#number(inner);
    this.#end();
  }

  softmax(x: View, out: View, rows: number, width: number, log: boolean): void {
    this.#begin("softmax");
    this.#view(x);
    this.#view(out);
    this.#number(rows);
    this.#number(width);
    this.#flag(log);
    this.#end();
  }

  softmaxGradient(y: View, dy: View, dx: View, rows: number, width: number, log: boolean): void {
    this.#begin("softmaxGradient");
    this.#view(y);
    this.#view(dy);
    this.#view(dx);
    this.#number(rows);
    this.#number(width);
    this.#flag(log);
    this.#end();
  }

  // ---- matrix products, normalization, attention ----

  gemm(call: Gemm): void {
    this.#product("gemm", call);
  }

  gemmBfloat16(call: Gemm): void {
    this.#product("gemmBfloat16", call);
  }

  #product(kernel: "gemm" | "gemmBfloat16", call: Gemm): void {
    const { m, n, k, batch } = call;
    this.#begin(kernel);
    this.#number(m);
    this.#number(n);
    this.#number(k);
    this.#view(call.a);
    this.#flag(call.aTransposed);
    this.#number(call.lda ?? (call.aTransposed ? m : k));
    this.#view(call.b);
    this.#flag(call.bTransposed);
    this.#number(call.ldb ?? (call.bTransposed ? k : n));
    this.#view(call.out);
    this.#number(call.ldc ?? n);
    this.#flag(call.accumulate);
    this.#number(batch?.count ?? 1);
    this.#number(batch?.strideA ?? 0);
    this.#number(batch?.strideB ?? 0);
    this.#number(batch?.strideC ?? 0);
    this.#optional(call.bias);
    this.#number(call.activation === undefined ? 0 : activationNumber[call.activation]);
    this.#optional(call.derivative);
    this.#optional(call.multiply);
    this.#optional(call.aRowSums);
    this.#end();
  }

  layerNorm(call: LayerNorm): void {
    this.#begin("layerNorm");
    this.#number(call.rows);
    this.#number(call.width);
    this.#number(call.epsilon);
    this.#view(call.x);
    this.#optional(call.residual);
    this.#dropout(call.dropout);
    this.#view(call.gamma);
    this.#optional(call.beta);
    this.#view(call.out);
    this.#optional(call.normalized);
    this.#optional(call.rstd);
    this.#end();
  }

  layerNormGradient(call: LayerNormGradient): void {
    this.#begin("layerNormGradient");
    this.#number(call.rows);
    this.#number(call.width);
    this.#view(call.dOut);
    this.#view(call.normalized);
    this.#view(call.rstd);
    this.#view(call.gamma);
    this.#dropout(call.dropout);
    this.#view(call.dSum);
    this.#optional(call.dX);
    this.#optional(call.dGamma);
    this.#optional(call.dBeta);
    this.#end();
  }

  #attention(call: Attention): void {
    this.#number(call.sequences);
    this.#number(call.heads);
    this.#number(call.headDim);
    this.#number(call.scale);
    this.#view(call.query);
    this.#number(call.queryStride);
    this.#view(call.key);
    this.#number(call.keyStride);
    this.#view(call.value);
    this.#number(call.valueStride);
    this.#view(call.queryOffsets);
    this.#view(call.keyOffsets);
    this.#number(call.maxQuery);
    this.#number(call.maxKey);
    this.#optional(call.bias);
    this.#number(call.biasHeads ?? 1);
    this.#optional(call.relativeBias);
    this.#optional(call.relativeKey);
    this.#optional(call.relativeQuery);
    this.#number(call.relativeStride ?? call.heads * call.headDim);
    this.#optional(call.keyMask);
    this.#flag(call.causal);
    this.#number(call.window ?? 0);
    this.#dropout(call.dropout);
  }

  attention(call: Attention, { probabilities, out, outStride }: AttentionResult): void {
    this.#begin("attention");
    this.#attention(call);
    this.#optional(probabilities);
    this.#view(out);
    this.#number(outStride);
    this.#end();
  }

  attentionGradient(call: Attention, gradient: AttentionGradient): void {
    this.#begin("attentionGradient");
    this.#attention(call);
    this.#view(gradient.probabilities);
    this.#view(gradient.dOut);
    this.#number(gradient.dOutStride);
    this.#view(gradient.dQuery);
    this.#number(gradient.dQueryStride);
    this.#view(gradient.dKey);
    this.#number(gradient.dKeyStride);
    this.#view(gradient.dValue);
    this.#number(gradient.dValueStride);
    this.#optional(gradient.dBias);
    this.#optional(gradient.dRelativeBias);
    this.#optional(gradient.dRelativeKey);
    this.#optional(gradient.dRelativeQuery);
    this.#number(gradient.dRelativeStride ?? call.heads * call.headDim);
    this.#end();
  }

  rotary(call: Rotary): void {
    this.#begin("rotary");
    this.#number(call.rows);
    this.#number(call.width);
    this.#number(call.heads);
    this.#number(call.headDim);
    this.#view(call.x);
    this.#view(call.out);
    this.#view(call.positions);
    this.#view(call.table);
    this.#number(call.tableRows);
    this.#flag(call.inverse);
    this.#end();
  }

  gatedActivation(activation: Activation, x: View, out: View, rows: number, width: number): void {
    this.#begin("gatedActivation");
    this.#number(activationNumber[activation]);
    this.#view(x);
    this.#view(out);
    this.#number(rows);
    this.#number(width);
    this.#end();
  }

  gatedActivationGradient(activation: Activation, x: View, dy: View, dx: View, rows: number, width: number): void {
    this.#begin("gatedActivationGradient");
    this.#number(activationNumber[activation]);
    this.#view(x);
    this.#view(dy);
    this.#view(dx);
    this.#number(rows);
    this.#number(width);
    this.#end();
  }

  // ---- rows and elements by index ----

  gatherRows(table: View, tableRows: number, ids: View, out: View, rows: number, width: number): void {
    this.#begin("gatherRows");
    this.#dtype(table);
    this.#view(table);
    this.#number(tableRows);
    this.#view(ids);
    this.#view(out);
    this.#number(rows);
    this.#number(width);
    this.#end();
  }

  scatterAddRows(x: View, ids: View, out: View, outRows: number, rows: number, width: number): void {
    this.#begin("scatterAddRows");
    this.#view(x);
    this.#view(ids);
    this.#view(out);
    this.#number(outRows);
    this.#number(rows);
    this.#number(width);
    this.#end();
  }

  sumRowSegments(x: View, order: View, starts: View, out: View, segments: number, width: number): void {
    this.#begin("sumRowSegments");
    this.#view(x);
    this.#view(order);
    this.#view(starts);
    this.#view(out);
    this.#number(segments);
    this.#number(width);
    this.#end();
  }

  gather(x: View, index: View, out: View, outer: number, size: number, count: number, inner: number): void {
    this.#begin("gather");
    this.#dtype(x);
    this.#view(x);
    this.#view(index);
    this.#view(out);
    this.#number(outer);
    this.#number(size);
    this.#number(count);
    this.#number(inner);
    this.#end();
  }

  scatterAdd(x: View, index: View, out: View, outer: number, size: number, count: number, inner: number): void {
    this.#begin("scatterAdd");
    this.#view(x);
    this.#view(index);
    this.#view(out);
    this.#number(outer);
    this.#number(size);
    this.#number(count);
    this.#number(inner);
    this.#end();
  }

  // ---- loss ----

  #crossEntropy(call: CrossEntropy): void {
    this.#number(call.rows);
    this.#number(call.classes);
    this.#view(call.logits);
    this.#view(call.labels);
    this.#number(call.ignoreIndex);
    this.#number(call.labelSmoothing);
    this.#optional(call.weight);
    this.#view(call.logSumExp);
    this.#view(call.normalizer);
  }

  crossEntropy(call: CrossEntropyForward): void {
    this.#begin("crossEntropy");
    this.#crossEntropy(call);
    this.#view(call.loss);
    this.#end();
  }

  crossEntropyGradient(call: CrossEntropyGradient): void {
    this.#begin("crossEntropyGradient");
    this.#crossEntropy(call);
    this.#view(call.dLoss);
    this.#view(call.dLogits);
    this.#end();
  }

  // ---- many tensors at once ----

  #runs(runs: readonly Run[]): void {
    this.#number(runs.length);
    for (const run of runs) {
      this.#view(run.view);
      this.#number(run.length);
    }
  }

  norm(runs: readonly Run[], out: View): void {
    this.#begin("norm", 2 * runs.length);
    this.#view(out);
    this.#runs(runs);
    this.#end();
  }

  clipFactor(norm: View, maxNorm: number, out: View): void {
    this.#begin("clipFactor");
    this.#view(norm);
    this.#number(maxNorm);
    this.#view(out);
    this.#end();
  }

  scale(runs: readonly Run[], factor: View): void {
    this.#begin("scale", 2 * runs.length);
    this.#view(factor);
    this.#runs(runs);
    this.#end();
  }

  adamw(tensors: readonly AdamWTensor[], gradientScale?: View): void {
    this.#begin("adamw", 16 * tensors.length);
    this.#optional(gradientScale);
    this.#number(tensors.length);
    for (const tensor of tensors) {
      this.#view(tensor.parameter);
      this.#view(tensor.gradient);
      this.#view(tensor.firstMoment);
      this.#view(tensor.secondMoment);
      this.#number(tensor.length);
      this.#number(tensor.learningRate);
      this.#number(tensor.beta1);
      this.#number(tensor.beta2);
      this.#number(tensor.epsilon);
      this.#number(tensor.weightDecay);
      this.#number(tensor.biasCorrection1);
      this.#number(tensor.biasCorrection2);
      this.#optional(tensor.touched?.index);
      this.#number(tensor.touched?.rows ?? 0);
      this.#number(tensor.touched?.width ?? 0);
      this.#optional(tensor.touched?.moving);
    }
    this.#end();
  }
}
