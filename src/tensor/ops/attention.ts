// Scaled dot-product attention (Vaswani et al. 2017) over packed sequences of different lengths: no padding is computed.
import type { Attention, View } from "../../backends/kernels.js";
import { AttuneError, ShapeError } from "../../support/errors.js";
import { zeros } from "../create.js";
import { defineOp, type Op } from "../op.js";
import { nextDropout } from "../random.js";
import { formatShape, sameShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add } from "./add.js";
import { cast } from "./cast.js";
import { concat } from "./concat.js";
import { dropout } from "./dropout.js";
import { matmul } from "./matmul.js";
import { mul } from "./mul.js";
import { reshape } from "./reshape.js";
import { slice } from "./slice.js";
import { softmax } from "./softmax.js";
import { sub } from "./sub.js";
import { takeRows } from "./takeRows.js";
import { transpose } from "./transpose.js";

/** Where packed sequences begin: int32 [sequences + 1], ascending from 0 to the number of rows, known to the host. */
export type SequenceOffsets = Tensor;

export interface AttentionOptions {
  readonly heads: number;
  readonly queryOffsets: SequenceOffsets;
  /** Default: queryOffsets. */
  readonly keyOffsets?: SequenceOffsets;
  /** Default 1 / sqrt(head width). */
  readonly scale?: number;
  /** Probability with which attention weights are dropped. Default 0. */
  readonly dropout?: number;
  /** Added to the scores; [1 or heads, longest query, longest key]. Its gradient is computed. */
  readonly bias?: Tensor;
  /** Added to the scores by j - i: [heads, longest query + longest key - 1], column j - i + longest query - 1. */
  readonly relativeBias?: Tensor;
  /**
   * Keys and queries of relative positions (He et al. 2020): scale * (q_i . key[j - i] + k_j . query[j - i]) is added to
   * the scores. A row for each distance, in the order of relativeBias's columns; the terms named in `relativeTerms` side
   * by side: [longest query + longest key - 1, terms * width].
   */
  readonly relative?: Tensor;
  /** Default: key, then query. */
  readonly relativeTerms?: readonly RelativeTerm[];
  /** int32, one a key's row: 0 where nobody may look. Default: all may. */
  readonly keyMask?: Tensor;
  /** Key j only where j <= i. Default false. */
  readonly causal?: boolean;
  /** Key j only where |i - j| <= window; 0 is no window. Default 0. */
  readonly window?: number;
}

export type RelativeTerm = "key" | "query";

/**
 * Query, key and value side by side: one tensor [rows, 3 width], or [rowsQ, width] and [rowsK, 2 width], or three apart.
 * Head h of each stands in its columns h * width / heads and following. -> [rowsQ, width]
 */
export type AttentionInputs =
  | readonly [qkv: Tensor]
  | readonly [query: Tensor, keyValue: Tensor]
  | readonly [query: Tensor, key: Tensor, value: Tensor];

export const attention: Op<[inputs: AttentionInputs, options: AttentionOptions]> = defineOp({
  name: "attention",
  forward(run, inputs, options) {
    const { heads, queryOffsets, keyOffsets = queryOffsets, bias, causal = false, window = 0 } = options;
    const { width, parts } = locate(inputs, heads);
    const keyRows = inputs[parts[1].input].shape[0];
    const queries = lengthsOf("queryOffsets", queryOffsets, inputs[parts[0].input].shape[0]);
    const keys = lengthsOf("keyOffsets", keyOffsets, keyRows);
    if (queries.length !== keys.length) {
      throw new ShapeError(`attention: ${queries.length} query sequences and ${keys.length} key sequences`);
    }
    const maxQuery = longest(queries);
    const maxKey = longest(keys);
    if (
      bias &&
      !(bias.rank === 3 && [1, heads].includes(bias.shape[0]) && bias.shape[1] === maxQuery && bias.shape[2] === maxKey)
    ) {
      throw new ShapeError(
        `attention: bias ${formatShape(bias.shape)}, expected [1 or ${heads}, ${maxQuery}, ${maxKey}]`,
      );
    }
    const distances = maxQuery + maxKey - 1;
    const { relativeBias, relative, relativeTerms = ["key", "query"], keyMask } = options;
    if (relativeBias && !sameShape(relativeBias.shape, [heads, distances])) {
      throw new ShapeError(
        `attention: relativeBias ${formatShape(relativeBias.shape)}, expected [${heads}, ${distances}]`,
      );
    }
    if (relative && !sameShape(relative.shape, [distances, relativeTerms.length * width])) {
      throw new ShapeError(
        `attention: relative ${formatShape(relative.shape)}, expected [${distances}, ${relativeTerms.length * width}] for ${relativeTerms.join(" and ")}`,
      );
    }
    if (keyMask && (keyMask.dtype !== "int32" || keyMask.size !== keyRows)) {
      throw new ShapeError(
        `attention: keyMask ${keyMask.dtype} ${formatShape(keyMask.shape)}, expected int32 for ${keyRows} keys`,
      );
    }
    const kept = (length: number): number => (window > 0 ? Math.min(length, 2 * window + 1) : length);
    const pairs = queries.reduce((sum, length, i) => sum + length * kept(keys[i]), 0);
    const headDim = width / heads;
    const scale = options.scale ?? 1 / Math.sqrt(headDim);
    const mask = nextDropout("attention", options.dropout ?? 0);
    /** The kernels' call on these: one literal, since an object spread together of others is slow to make and to read. */
    const callOn = (memory: Memory): Attention => ({
      sequences: queries.length,
      heads,
      headDim,
      scale,
      query: viewOf(memory.inputs, parts[0]),
      queryStride: parts[0].stride,
      key: viewOf(memory.inputs, parts[1]),
      keyStride: parts[1].stride,
      value: viewOf(memory.inputs, parts[2]),
      valueStride: parts[2].stride,
      queryOffsets: memory.queryOffsets,
      keyOffsets: memory.keyOffsets,
      maxQuery,
      maxKey,
      bias: memory.bias,
      biasHeads: memory.bias?.shape[0],
      relativeBias: memory.relativeBias,
      relativeKey: relativeView("key", memory.relative, relativeTerms, width),
      relativeQuery: relativeView("query", memory.relative, relativeTerms, width),
      relativeStride: memory.relative?.shape[1],
      keyMask: memory.keyMask,
      causal,
      window,
      dropout: mask,
    });
    const probabilities = run.recording ? run.empty([heads * pairs]) : undefined;
    const out = run.empty([inputs[parts[0].input].shape[0], width]);
    const call = callOn({ inputs, queryOffsets, keyOffsets, bias, relativeBias, relative, keyMask });
    run.kernels.attention(call, { probabilities, out, outStride: width });
    const saved = inputs.map((tensor) => run.save(tensor));
    const savedProbabilities = probabilities && run.save(probabilities);
    const savedQueryOffsets = run.save(queryOffsets);
    const savedKeyOffsets = run.save(keyOffsets);
    const savedBias = bias && run.save(bias);
    const savedRelativeBias = relativeBias && run.save(relativeBias);
    const savedRelative = relative && run.save(relative);
    return {
      output: out,
      inputs: [...inputs, bias, relativeBias, relative],
      // With P the weights, D dropout's mask: dV = (D P)^T dout, dP = D (dout V^T), dS = P (dP - rowsum(dP P)),
      // dQ = scale dS K, dK = scale dS^T Q, dbias = sum of dS over the sequences; relative keys and queries are keys and
      // queries too, of all pairs of their distance
      gradient: (dy, backward) => {
        if (!savedProbabilities) throw new AttuneError("attention: a call that was not recorded has no gradient");
        const memory: Memory = {
          inputs: saved.map((item) => item.tensor),
          queryOffsets: savedQueryOffsets.tensor,
          keyOffsets: savedKeyOffsets.tensor,
          bias: savedBias?.tensor,
          relativeBias: savedRelativeBias?.tensor,
          relative: savedRelative?.tensor,
          keyMask: undefined, // the probabilities know
        };
        const wanted = (tensor: Tensor | undefined, i: number): Tensor | undefined =>
          backward.wanted(inputs.length + i) ? tensor : undefined;
        const gradients = memory.inputs.map((tensor) => run.empty(tensor.shape));
        const [ofBias, ofRelativeBias, ofRelative] = [memory.bias, memory.relativeBias, memory.relative].map(wanted);
        const dBias = ofBias && zeros(ofBias.shape, "float32", run.backend);
        const dRelativeBias = ofRelativeBias && run.empty(ofRelativeBias.shape);
        const dRelative = ofRelative && run.empty(ofRelative.shape);
        run.kernels.attentionGradient(callOn(memory), {
          probabilities: savedProbabilities.tensor,
          dOut: dy,
          dOutStride: width,
          dQuery: viewOf(gradients, parts[0]),
          dQueryStride: parts[0].stride,
          dKey: viewOf(gradients, parts[1]),
          dKeyStride: parts[1].stride,
          dValue: viewOf(gradients, parts[2]),
          dValueStride: parts[2].stride,
          dBias,
          dRelativeBias,
          dRelativeKey: relativeView("key", dRelative, relativeTerms, width),
          dRelativeQuery: relativeView("query", dRelative, relativeTerms, width),
          dRelativeStride: dRelative?.shape[1],
        });
        return [...gradients, dBias, dRelativeBias, dRelative];
      },
    };
  },
  composition: (inputs, options) => composed(inputs, options),
  samples: (make) => {
    const offsets = (...lengths: number[]): Tensor => make.offsets(lengths);
    return [
      { args: [[make.normal([14, 24])], { heads: 2, queryOffsets: offsets(5, 9) }], terms: 9 * 4 },
      {
        args: [[make.normal([37, 96])], { heads: 2, queryOffsets: offsets(3, 17, 1, 16), dropout: 0.2 }],
        terms: 17 * 16,
        composed: false,
      },
      {
        args: [
          [make.normal([3, 32]), make.normal([24, 64])],
          { heads: 1, queryOffsets: offsets(1, 1, 1), keyOffsets: offsets(4, 19, 1), dropout: 0.1 },
        ],
        terms: 19 * 32,
        composed: false,
      },
      {
        args: [
          [make.normal([12, 16]), make.normal([12, 16]), make.normal([12, 16])],
          { heads: 2, queryOffsets: offsets(7, 5), causal: true, scale: 0.5, bias: make.normal([2, 7, 7]) },
        ],
        terms: 7 * 8,
      },
      {
        args: [
          [make.normal([21, 48])],
          { heads: 2, queryOffsets: offsets(21), window: 3, bias: make.normal([1, 21, 21]) },
        ],
        terms: 21 * 8,
      },
      {
        args: [
          [make.normal([16, 48])],
          { heads: 2, queryOffsets: offsets(16), window: 5, causal: true, bias: make.normal([2, 16, 16]) },
        ],
        terms: 16 * 8,
      },
      {
        args: [
          [make.normal([23, 24])],
          { heads: 2, queryOffsets: offsets(1, 9, 13), relativeBias: make.normal([2, 25]) },
        ],
        terms: 23 * 4,
      },
      {
        args: [
          [make.normal([29, 96])],
          { heads: 2, queryOffsets: offsets(3, 17, 9), relative: make.normal([33, 64]), dropout: 0.2 },
        ],
        terms: 29 * 32,
        composed: false,
      },
      {
        // more sequences than groups of them, head widths that are no vectors
        args: [
          [make.normal([34, 30])],
          { heads: 2, queryOffsets: offsets(1, 6, 9, 2, 5, 11), relative: make.normal([21, 20]), scale: 0.3 },
        ],
        terms: 34 * 10,
      },
      {
        args: [
          [make.normal([21, 24])],
          {
            heads: 2,
            queryOffsets: offsets(4, 17),
            relative: make.normal([33, 8]),
            relativeTerms: ["query"],
            relativeBias: make.normal([2, 33]),
            window: 4,
          },
        ],
        terms: 21 * 8,
      },
      {
        args: [
          [make.normal([3, 32]), make.normal([24, 64])],
          {
            heads: 2,
            queryOffsets: offsets(1, 1, 1),
            keyOffsets: offsets(4, 19, 1),
            relative: make.normal([19, 64]),
            relativeBias: make.normal([2, 19]),
          },
        ],
        terms: 24 * 32,
      },
      {
        // several blocks of queries
        args: [
          [make.normal([150, 24])],
          { heads: 1, queryOffsets: offsets(20, 130), relative: make.normal([259, 8]), relativeTerms: ["key"] },
        ],
        terms: 150 * 8,
      },
      {
        args: [
          [make.normal([12, 24])],
          {
            heads: 2,
            queryOffsets: offsets(6, 6),
            keyMask: make.integers([12], 2),
            relativeBias: make.normal([2, 11]),
          },
        ],
        terms: 12 * 4,
      },
    ];
  },
});

/** What the kernels read. */
interface Memory {
  readonly inputs: readonly Tensor[];
  readonly queryOffsets: Tensor;
  readonly keyOffsets: Tensor;
  readonly bias: Tensor | undefined;
  readonly relativeBias: Tensor | undefined;
  readonly relative: Tensor | undefined;
  readonly keyMask: Tensor | undefined;
}

interface Part {
  /** Which of the inputs, from which column on, and how many columns a row of it has. */
  readonly input: number;
  readonly column: number;
  readonly stride: number;
}

/** Finds query, key and value in the inputs. */
function locate(inputs: AttentionInputs, heads: number): { width: number; parts: readonly [Part, Part, Part] } {
  const columns = inputs.map((tensor) => tensor.shape[1]);
  const width = inputs.length === 1 ? columns[0] / 3 : columns[0];
  const expected = [[3 * width], [width, 2 * width], [width, width, width]][inputs.length - 1];
  const fits =
    inputs.every((tensor, i) => tensor.rank === 2 && tensor.dtype === "float32" && tensor.shape[1] === expected[i]) &&
    Number.isInteger(width) &&
    width % heads === 0 &&
    (inputs.length < 3 || inputs[1]?.shape[0] === inputs[2]?.shape[0]);
  if (!fits) {
    throw new ShapeError(
      `attention: inputs ${inputs.map((t) => formatShape(t.shape)).join(" ")} with ${heads} heads; expected [rows, 3 width], ` +
        "or [rows, width] [rows, 2 width], or three of [rows, width], width a multiple of the heads",
    );
  }
  const part = (input: number, column: number): Part => ({ input, column, stride: columns[input] });
  switch (inputs.length) {
    case 1:
      return { width, parts: [part(0, 0), part(0, width), part(0, 2 * width)] };
    case 2:
      return { width, parts: [part(0, 0), part(1, 0), part(1, width)] };
    case 3:
      return { width, parts: [part(0, 0), part(1, 0), part(2, 0)] };
  }
}

function viewOf(tensors: readonly Tensor[], { input, column }: Part): View {
  const { buffer, offset } = tensors[input];
  return { buffer, offset: offset + column };
}

/** Where a relative term stands in its tensor; undefined where it is not there. */
function relativeView(
  term: RelativeTerm,
  relative: Tensor | undefined,
  terms: readonly RelativeTerm[],
  width: number,
): View | undefined {
  const place = terms.indexOf(term);
  return relative && place >= 0 ? { buffer: relative.buffer, offset: relative.offset + place * width } : undefined;
}

function lengthsOf(name: string, offsets: Tensor, rows: number): Int32Array {
  const { host } = offsets;
  if (!host) throw new ShapeError(`attention: ${name} must be known to the host (an int32 tensor made from numbers)`);
  const lengths = new Int32Array(host.length - 1);
  for (let i = 0; i < lengths.length; i++) lengths[i] = host[i + 1] - host[i];
  if (host.length < 2 || host[0] !== 0 || host[host.length - 1] !== rows || lengths.some((length) => length < 1)) {
    throw new ShapeError(
      `attention: ${name} [${[...host.subarray(0, 8)].join(", ")}${host.length > 8 ? ", ..." : ""}] must ascend from 0 to the ${rows} rows`,
    );
  }
  return lengths;
}

function longest(lengths: Int32Array): number {
  return lengths.reduce((a, b) => Math.max(a, b), 0);
}

/** The definition, one sequence and head at a time. Its dropout draws other numbers than the fused op's: compare without. */
function composed(inputs: AttentionInputs, options: AttentionOptions): Tensor {
  const { heads, queryOffsets, keyOffsets = queryOffsets, bias, causal = false, window = 0 } = options;
  const { relativeBias, relative, relativeTerms = ["key", "query"], keyMask } = options;
  const { width, parts } = locate(inputs, heads);
  const headDim = width / heads;
  const scale = options.scale ?? 1 / Math.sqrt(headDim);
  const starts = queryOffsets.host ?? new Int32Array();
  const keyStarts = keyOffsets.host ?? new Int32Array();
  const maxQuery = longest(lengthsOf("queryOffsets", queryOffsets, inputs[0].shape[0]));
  const open = keyMask && cast(keyMask, "float32");
  const rows: Tensor[] = [];
  for (let s = 0; s + 1 < starts.length; s++) {
    const columns: Tensor[] = [];
    const queries = starts[s + 1] - starts[s];
    const keys = keyStarts[s + 1] - keyStarts[s];
    for (let h = 0; h < heads; h++) {
      const cut = ({ input, column }: Part, from: number, to: number): Tensor =>
        slice(slice(inputs[input], 0, from, to), 1, column + h * headDim, column + (h + 1) * headDim);
      const q = cut(parts[0], starts[s], starts[s + 1]);
      const k = cut(parts[1], keyStarts[s], keyStarts[s + 1]);
      const v = cut(parts[2], keyStarts[s], keyStarts[s + 1]);
      let scores = mul(matmul(q, transpose(k, 0, 1)), scale);
      const distance = Int32Array.from(
        { length: queries * keys },
        (_, at) => (at % keys) - Math.floor(at / keys) + maxQuery - 1,
      );
      if (relativeBias) {
        const row = reshape(slice(relativeBias, 0, h, h + 1), [relativeBias.shape[1]]);
        scores = add(scores, reshape(takeRows(row, integers(inputs[0], distance)), [queries, keys]));
      }
      for (const [place, term] of relative ? relativeTerms.entries() : []) {
        const rows = slice(relative as Tensor, 1, place * width + h * headDim, place * width + (h + 1) * headDim);
        const all = matmul(term === "key" ? q : k, transpose(rows, 0, 1)); // [queries or keys, distances]
        const at = distance.map(
          (d, pair) => (term === "key" ? Math.floor(pair / keys) : pair % keys) * all.shape[1] + d,
        );
        const picked = takeRows(reshape(all, [all.size]), integers(inputs[0], at));
        scores = add(scores, mul(reshape(picked, [queries, keys]), scale));
      }
      if (open) {
        const closed = mul(sub(slice(open, 0, keyStarts[s], keyStarts[s + 1]), 1), 1e30);
        scores = add(scores, reshape(closed, [1, keys]));
      }
      if (bias) {
        const b = slice(bias, 0, bias.shape[0] === 1 ? 0 : h, bias.shape[0] === 1 ? 1 : h + 1);
        scores = add(scores, reshape(slice(slice(b, 1, 0, queries), 2, 0, keys), [queries, keys]));
      }
      const allowed = (i: number, j: number): boolean =>
        !(causal && j > i) && !(window > 0 && Math.abs(i - j) > window);
      const mask = Float32Array.from({ length: queries * keys }, (_, at) =>
        allowed(Math.floor(at / keys), at % keys) ? 0 : -1e30,
      );
      scores = add(scores, constant(inputs[0], mask, [queries, keys]));
      columns.push(matmul(dropout(softmax(scores, -1), options.dropout ?? 0), v));
    }
    rows.push(concat(columns, 1));
  }
  return concat(rows, 0);
}

function integers(like: Tensor, values: Int32Array): Tensor {
  return zeros([values.length], "int32", like.backend).write_(values);
}

function constant(like: Tensor, values: Float32Array, shape: readonly number[]): Tensor {
  const result = zeros(shape, "float32", like.backend);
  return result.write_(values);
}
