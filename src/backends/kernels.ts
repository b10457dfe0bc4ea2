// The contract every backend fulfils: a stream of kernels over buffers, and one typed list of kernels at the level that
// neural networks are made of. Calls enqueue and return at once, in order; only `read` and a fence wait. Shapes, dtypes
// and host-known values are checked before a call gets here: a kernel trusts its arguments, and reports what only it can
// see (an id outside a table, a non-finite number) as an error of the stream, thrown at the next read or fence.

/** Element types. A backend may hold "float32" more precisely (the reference holds it in 64 bits for tests). */
export type DType = "float32" | "bfloat16" | "float16" | "int32";

/** What `read` gives: float32 and 16-bit floats as Float32Array (Float64Array from the 64-bit reference), int32 as Int32Array. */
export type HostArray = Float32Array | Float64Array | Int32Array;

/** Memory of one backend; opaque to everyone else. Its content is undefined until a kernel or `write` fills it. */
export interface DeviceBuffer {
  readonly dtype: DType;
  /** Capacity in elements, at least what was asked for. */
  readonly length: number;
}

/** A contiguous run of elements of a buffer, from `offset` (in elements) on. */
export interface View {
  readonly buffer: DeviceBuffer;
  readonly offset: number;
}

export interface Fence {
  /** Resolves when everything enqueued before the fence has run; rejects with the stream's error, if it has one. */
  wait(): Promise<void>;
}

export interface StreamStatistics {
  /** Bytes handed out and not freed. */
  readonly bytesInUse: number;
  /** Bytes the pool holds, in use or ready for reuse. */
  readonly bytesReserved: number;
  /** Largest `bytesInUse` so far. */
  readonly peakBytesInUse: number;
  /** Kernels enqueued since the backend was made. */
  readonly enqueued: number;
  /** Seconds the stream spent inside kernels. */
  readonly busySeconds: number;
}

export interface Backend {
  /** "native" or "reference". */
  readonly name: string;
  /** What it runs on, for people: "native: avx512, 2 threads". */
  readonly description: string;
  /** Whether it has instructions for gemmBfloat16, which is then faster than gemm. */
  readonly multipliesBfloat16: boolean;
  readonly kernels: Kernels;
  allocate(dtype: DType, length: number): DeviceBuffer;
  /** Elements that are zero, of which few will ever change: where it can be had, memory that is only taken by what is written. */
  allocateZeros(dtype: DType, length: number): DeviceBuffer;
  /** Gives the memory back at once: the stream runs in order, so the next call may reuse it. */
  free(buffer: DeviceBuffer): void;
  /** Copies host data into a view, in stream order; `data` may be changed by the caller afterwards. Numbers are converted to the buffer's dtype. */
  write(view: View, data: HostArray): void;
  /** Copies `length` elements out, in stream order. */
  read(view: View, length: number): Promise<HostArray>;
  fence(): Fence;
  /** Number of the training step that calls enqueued from now on belong to; errors of the stream name it. */
  setStep(step: number): void;
  statistics(): StreamStatistics;
  /** Drains the stream and ends its threads. Further calls throw. */
  close(): void;
}

/** What a random op draws for an element is a function of these, unsigned and of 32 bits, and of the element's index. */
export interface RandomKeys {
  readonly key0: number;
  readonly key1: number;
}

/**
 * Dropout by counter: element `index` of a random op is kept iff `(hash(index) >>> 8) >= floor(probability * 2^24)`, and
 * then scaled by 1 / (1 - probability). All in unsigned 32-bit arithmetic:
 *   x = index * 0x9E3779B1 + key0;  x ^= x >>> 16;  x *= 0x85EBCA6B;  x ^= x >>> 13;  x += key1;  x *= 0xC2B2AE35;  x ^= x >>> 16
 * (Murmur3's finalizer, with a second key between its rounds so that two ops never see shifted copies of one mask.)
 */
export interface Dropout extends RandomKeys {
  /** In (0, 1). */
  readonly probability: number;
}

/**
 * A normal distribution by counter, in pairs (Box and Muller 1958): elements i and i + 1, for an even i, are
 *   mean + deviation * sqrt(-2 ln u(i)) * cos(2 pi u(i + 1)),  mean + deviation * sqrt(-2 ln u(i)) * sin(2 pi u(i + 1))
 * in float64, where u(index) = (high + (low + 0.5) / 2^32) / 2^32 of two words of 32 bits:
 *   high = mix(index * 0x9E3779B1 + key0);  low = mix(high + index * 0x85EBCA6B + key1)
 *   mix(x): x ^= x >>> 16;  x *= 0x85EBCA6B;  x ^= x >>> 13;  x *= 0xC2B2AE35;  x ^= x >>> 16   (Murmur3's finalizer)
 */
export interface Normal extends RandomKeys {
  readonly mean: number;
  /** Standard deviation. */
  readonly deviation: number;
}

export type UnaryOp =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "tanh"
  | "sigmoid"
  | "relu"
  | "gelu" // x * Phi(x), by erf
  | "gelu_tanh" // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  | "silu"
  | "clamp" // between p0 and p1
  | "affine" // p0 * x + p1
  | "power"; // x ^ p0

export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pow"
  | "maximum"
  | "minimum"
  // comparisons write int32 zeros and ones
  | "eq"
  | "ne"
  | "lt"
  | "le"
  | "gt"
  | "ge";

export type ReduceOp = "sum" | "mean" | "max";

/** Activations that a matrix product can apply to its finished tile. */
export type Activation = "gelu" | "gelu_tanh" | "relu" | "silu" | "tanh";

/** C[m,n] (+)= A[m,k] B[k,n] with row strides; see the fields for what may be fused onto it. float32 only. */
export interface Gemm {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: View;
  /** A is stored [k, m]. */
  readonly aTransposed?: boolean;
  /** Elements from one stored row of A to the next; default: its stored width. */
  readonly lda?: number;
  readonly b: View;
  /** B is stored [n, k], as the weight of a linear layer is. */
  readonly bTransposed?: boolean;
  readonly ldb?: number;
  readonly out: View;
  readonly ldc?: number;
  /** Add to what `out` holds. */
  readonly accumulate?: boolean;
  /** Number of products, with distances in elements between them. */
  readonly batch?: {
    readonly count: number;
    readonly strideA: number;
    readonly strideB: number;
    readonly strideC: number;
  };
  // The epilogue, in this order, on each finished element x of C:
  /** x += bias[column]. */
  readonly bias?: View;
  /** derivative[i] = activation'(x) when given, then x = activation(x). */
  readonly activation?: Activation;
  /** Same layout as `out`. */
  readonly derivative?: View;
  /** x *= multiply[i]; same layout as `out`. */
  readonly multiply?: View;
  /** aRowSums[i] = sum over k of A(i, k), by the way: a bias gradient when A is dY transposed. [m] */
  readonly aRowSums?: View;
}

/**
 * z = dropout(x) + residual; normalized = (z - mean) * rstd; out = normalized * gamma + beta, over rows of `width`.
 * Dropout's index is row * width + column. Variance is biased, as in PyTorch.
 */
export interface LayerNorm {
  readonly rows: number;
  readonly width: number;
  readonly epsilon: number;
  readonly x: View;
  readonly residual?: View;
  readonly dropout?: Dropout;
  readonly gamma: View;
  readonly beta?: View;
  readonly out: View;
  /** Kept for the gradient; both or neither. [rows, width] and [rows]. */
  readonly normalized?: View;
  readonly rstd?: View;
}

/** dz = rstd * (dy*gamma - mean(dy*gamma) - normalized * mean(dy*gamma*normalized)); dx = dropout(dz). */
export interface LayerNormGradient {
  readonly rows: number;
  readonly width: number;
  readonly dOut: View;
  readonly normalized: View;
  readonly rstd: View;
  readonly gamma: View;
  readonly dropout?: Dropout;
  /** Gradient of z, and so of the residual. May be the same view as dOut. */
  readonly dSum: View;
  /** Gradient of x where dropout makes it differ from dSum. */
  readonly dX?: View;
  readonly dGamma?: View;
  readonly dBeta?: View;
}

/**
 * Attention over sequences of different lengths, packed one after another without padding. Row r of `query` holds its
 * heads side by side: head h in columns h*headDim ... (h+1)*headDim - 1, and rows are `stride` elements apart (so that
 * query, key and value may be columns of one matrix). Query i of a sequence stands at position i, key j at position j.
 *   score = scale * (q . k + q . relativeKey[i, j] + k . relativeQuery[i, j]) + relativeBias[i, j] + bias[i, j]
 *   P = softmax over the allowed keys;  out = dropout(P) V
 * What is called relative depends on j - i alone: its row (relativeBias: its column) j - i + maxQuery - 1 of
 * maxQuery + maxKey - 1.
 * Key j is allowed unless keyMask is 0 at its row, causal and j > i, or window > 0 and |i - j| > window.
 * Of query i the probabilities of `kept` keys from `first` on are kept (before dropout) for a gradient: all keys, or with
 * a window kept = min(keys, 2 * window + 1) and first = max(0, min(i - window, keys - kept)). Those of sequence s, head h
 * stand at heads * (sum over t < s of queries_t * kept_t) + h * queries_s * kept_s, row-major [queries_s, kept_s]; that
 * position is dropout's index too.
 */
export interface Attention {
  readonly sequences: number;
  readonly heads: number;
  readonly headDim: number;
  readonly scale: number;
  readonly query: View;
  readonly queryStride: number;
  readonly key: View;
  readonly keyStride: number;
  readonly value: View;
  readonly valueStride: number;
  /** int32 [sequences + 1]: first row of each sequence, ascending from 0. */
  readonly queryOffsets: View;
  readonly keyOffsets: View;
  /** Longest sequence, in rows. */
  readonly maxQuery: number;
  readonly maxKey: number;
  /** Added to the scores: [biasHeads, maxQuery, maxKey], biasHeads being 1 (for all heads) or `heads`. */
  readonly bias?: View;
  readonly biasHeads?: number;
  /** [heads, maxQuery + maxKey - 1] */
  readonly relativeBias?: View;
  /** [maxQuery + maxKey - 1, heads * headDim] with rows `relativeStride` apart; either, both or neither. */
  readonly relativeKey?: View;
  readonly relativeQuery?: View;
  readonly relativeStride?: number;
  /** int32, one a row of `key`: 0 where nobody may look. */
  readonly keyMask?: View;
  readonly causal?: boolean;
  /** 0: no window. */
  readonly window?: number;
  readonly dropout?: Dropout;
}

/** What `attention` writes. */
export interface AttentionResult {
  /** float32 [heads * sum of queries_s * kept_s]; left out where there will be no gradient. */
  readonly probabilities?: View;
  readonly out: View;
  readonly outStride: number;
}

/**
 * Writes (does not accumulate) dQuery, dKey, dValue with their strides, and those of the biases' and relative rows'
 * gradients that are given. dRelativeKey and dRelativeQuery are given where relativeKey and relativeQuery are.
 */
export interface AttentionGradient {
  /** As `attention` wrote them. */
  readonly probabilities: View;
  readonly dOut: View;
  readonly dOutStride: number;
  readonly dQuery: View;
  readonly dQueryStride: number;
  readonly dKey: View;
  readonly dKeyStride: number;
  readonly dValue: View;
  readonly dValueStride: number;
  readonly dBias?: View;
  readonly dRelativeBias?: View;
  readonly dRelativeKey?: View;
  readonly dRelativeQuery?: View;
  readonly dRelativeStride?: number;
}

/**
 * Rotary position embedding (Su et al. 2021), of halves as in GPT-NeoX: in each of the first `heads` blocks of headDim
 * columns, elements e and e + headDim/2 (a, b) become a cos - b sin and b cos + a sin; columns after them are copied.
 * The inverse turns the other way, which is also the gradient.
 */
export interface Rotary {
  readonly rows: number;
  /** Columns of a row. */
  readonly width: number;
  readonly heads: number;
  /** Even. */
  readonly headDim: number;
  readonly x: View;
  /** May be the same view as x. */
  readonly out: View;
  /** int32 [rows]: row of `table`; one outside of it is an error of the stream. */
  readonly positions: View;
  /** [tableRows, headDim]: headDim/2 cosines, then the sines of the same angles. */
  readonly table: View;
  readonly tableRows: number;
  readonly inverse?: boolean;
}

/**
 * loss = sum_i w[y_i] * nll_i / sum_i w[y_i] over rows whose label is not ignoreIndex, as PyTorch's cross_entropy; with
 * label smoothing e: ((1-e) * sum_i w[y_i] * nll_i + e/classes * sum_i sum_c w[c] * -log p_ic) / sum_i w[y_i].
 * A label outside [0, classes) that is not ignoreIndex is an error of the stream.
 */
export interface CrossEntropy {
  readonly rows: number;
  readonly classes: number;
  readonly logits: View;
  /** int32 [rows] */
  readonly labels: View;
  readonly ignoreIndex: number;
  readonly labelSmoothing: number;
  /** [classes] */
  readonly weight?: View;
  /** Per row log(sum(exp(logits))), kept for the gradient. [rows] */
  readonly logSumExp: View;
  /** The divisor sum_i w[y_i]. [1] */
  readonly normalizer: View;
}

export interface CrossEntropyForward extends CrossEntropy {
  /** [1] */
  readonly loss: View;
}

export interface CrossEntropyGradient extends CrossEntropy {
  /** [1] */
  readonly dLoss: View;
  /** [rows, classes] */
  readonly dLogits: View;
}

/** A gradient of which only some rows are not zero: row index[i] holds values[i]. `index` ascends without repeats. */
export interface RowIndex {
  /** int32 [rows] */
  readonly index: View;
  readonly rows: number;
  readonly width: number;
}

/** The rows of a parameter that have a gradient in this step, and those that ever had one. */
export interface TouchedRows extends RowIndex {
  /** int32 [length / width], not 0 for rows that were ever touched; the step marks those that it touches. */
  readonly moving: View;
}

/** One parameter's part of an AdamW step (Loshchilov & Hutter 2019, as torch.optim.AdamW computes it). */
export interface AdamWTensor {
  readonly parameter: View;
  /**
   * [length], or the values [rows, width] of `touched`. Rows that were touched before have gradient zero and still move;
   * those that never were have moments zero, and only decay.
   */
  readonly gradient: View;
  readonly touched?: TouchedRows;
  readonly firstMoment: View;
  readonly secondMoment: View;
  readonly length: number;
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** 1 - beta1^t and 1 - beta2^t. */
  readonly biasCorrection1: number;
  readonly biasCorrection2: number;
}

export interface Run {
  readonly view: View;
  readonly length: number;
}

/**
 * The kernels. Strides and shapes of `copy`, `binary` and `where` are in elements, outermost first, at most 8 dimensions;
 * a stride of 0 broadcasts. `out` may be an input's own view where both have the same layout. Unless said otherwise,
 * floats are float32.
 */
export interface Kernels {
  /** Any dtype. */
  fill(out: View, length: number, value: number): void;
  /** out[outStrides] (+)= source[sourceStrides] over `shape`; any dtype, the same on both sides. */
  copy(
    source: View,
    sourceStrides: readonly number[],
    out: View,
    outStrides: readonly number[],
    shape: readonly number[],
    accumulate?: boolean,
  ): void;
  /** Between any two dtypes; to 16-bit floats rounding to nearest even, to int32 toward zero. */
  cast(x: View, out: View, length: number): void;
  unary(op: UnaryOp, x: View, out: View, length: number, p0?: number, p1?: number): void;
  /** dx = dy * op'(x); y = op(x) is given too. */
  unaryGradient(op: UnaryOp, x: View, y: View, dy: View, dx: View, length: number, p0?: number, p1?: number): void;
  /** float32 x float32 or int32 x int32 (not div and pow); comparisons write int32. `out` is contiguous over `shape`. */
  binary(
    op: BinaryOp,
    a: View,
    aStrides: readonly number[],
    b: View,
    bStrides: readonly number[],
    out: View,
    shape: readonly number[],
  ): void;
  /** out = condition != 0 ? a : b; condition int32; a, b, out of one dtype. */
  where(
    condition: View,
    conditionStrides: readonly number[],
    a: View,
    aStrides: readonly number[],
    b: View,
    bStrides: readonly number[],
    out: View,
    shape: readonly number[],
  ): void;
  /** [outer, size, inner] -> [outer, inner]. */
  reduce(op: ReduceOp, x: View, out: View, outer: number, size: number, inner: number): void;
  /** Index (int32) of the first largest element over the middle axis. */
  argmax(x: View, out: View, outer: number, size: number, inner: number): void;
  softmax(x: View, out: View, rows: number, width: number, log: boolean): void;
  /** From y = softmax(x) or logSoftmax(x). */
  softmaxGradient(y: View, dy: View, dx: View, rows: number, width: number, log: boolean): void;
  gemm(call: Gemm): void;
  /**
   * As gemm, with the elements of A and B rounded to bfloat16 (to nearest, ties to even); products are exact, and sums and all
   * the rest float32. aRowSums are of A as it is.
   */
  gemmBfloat16(call: Gemm): void;
  layerNorm(call: LayerNorm): void;
  layerNormGradient(call: LayerNormGradient): void;
  attention(call: Attention, result: AttentionResult): void;
  attentionGradient(call: Attention, gradient: AttentionGradient): void;
  rotary(call: Rotary): void;
  /** out = activation(a) * b, where x [rows, 2 * width] holds a and b side by side (a gated linear unit). */
  gatedActivation(activation: Activation, x: View, out: View, rows: number, width: number): void;
  /** dx = [dy * b * activation'(a), dy * activation(a)]. */
  gatedActivationGradient(activation: Activation, x: View, dy: View, dx: View, rows: number, width: number): void;
  /** out = dropout(x); its gradient is the same call on dy. */
  dropout(x: View, out: View, length: number, dropout: Dropout): void;
  /** Draws every element from a normal distribution. */
  drawNormal(out: View, length: number, normal: Normal): void;
  /** out[i] = table[ids[i]], rows of `width`; an id outside [0, tableRows) is an error of the stream. */
  gatherRows(table: View, tableRows: number, ids: View, out: View, rows: number, width: number): void;
  /** out[ids[i]] += x[i], in ascending order of i. */
  scatterAddRows(x: View, ids: View, out: View, outRows: number, rows: number, width: number): void;
  /** out[s] = sum of x[order[i]] for starts[s] <= i < starts[s+1], in that order. order int32, starts int32 [segments + 1]. */
  sumRowSegments(x: View, order: View, starts: View, out: View, segments: number, width: number): void;
  /** out[o, j, i] = x[o, index[o, j, i], i]: x [outer, size, inner], index and out [outer, count, inner]. Any dtype. */
  gather(x: View, index: View, out: View, outer: number, size: number, count: number, inner: number): void;
  /** out[o, index[o, j, i], i] += x[o, j, i], in ascending order of j. */
  scatterAdd(x: View, index: View, out: View, outer: number, size: number, count: number, inner: number): void;
  crossEntropy(call: CrossEntropyForward): void;
  crossEntropyGradient(call: CrossEntropyGradient): void;
  /** out[0] = sqrt(sum of squares over all runs). */
  norm(runs: readonly Run[], out: View): void;
  /** out[0] = min(1, maxNorm / (norm[0] + 1e-6)), as torch's clip_grad_norm_. */
  clipFactor(norm: View, maxNorm: number, out: View): void;
  /** Every element of every run *= factor[0]. */
  scale(runs: readonly Run[], factor: View): void;
  /** One pass over all tensors; gradients are multiplied by gradientScale[0] where it is given. */
  adamw(tensors: readonly AdamWTensor[], gradientScale?: View): void;
  /** A NaN or infinity among the elements becomes an error of the stream that names `what`, the index and the step. */
  checkFinite(x: View, length: number, what: string): void;
}
