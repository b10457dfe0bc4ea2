// One training step's worth of kernels, each on enough elements to be cut into tasks: the bits do not depend on the number
// of threads.
import { expect, it } from "vitest";
import type { Backend } from "../../src/backends/kernels.js";
import { createNativeBackend } from "../../src/backends/native/index.js";
import { bytesOf, empty, floats, ints, type Memory, numbers, threadCounts } from "./work.js";

const rows = 300;
const width = 390; // no multiple of a vector
const length = rows * width;
const dropout = { probability: 0.1, key0: 1, key1: 2 };

/** Name and result of each kernel. */
async function results(backend: Backend): Promise<[name: string, bytes: Uint8Array][]> {
  const { kernels } = backend;
  const list: [string, Memory][] = [];
  const keep = (name: string, memory: Memory): Memory => {
    list.push([name, memory]);
    return memory;
  };
  const make = (name: string, size = length): Memory => keep(name, empty(backend, size));
  const x = floats(backend, numbers(length, 1));
  const y = floats(backend, numbers(length, 2));
  const gamma = floats(backend, numbers(width, 3));

  kernels.unary("gelu", x, make("unary"), length);
  kernels.unaryGradient("gelu", x, x, y, make("unaryGradient"), length);
  kernels.binary("mul", x, [width, 1], gamma, [0, 1], make("binary"), [rows, width]);
  kernels.copy(x, [1, width], make("copy"), [rows, 1], [width, rows]);
  for (const op of ["sum", "mean", "max"] as const) {
    kernels.reduce(op, x, make(`${op} of rows`, rows), rows, width, 1);
    kernels.reduce(op, x, make(`${op} of columns`, width), 1, rows, width);
    kernels.reduce(op, x, make(`${op} of all`, 1), 1, length, 1);
  }
  kernels.softmax(x, make("softmax"), rows, width, false);
  kernels.softmaxGradient(x, y, make("softmaxGradient"), rows, width, true);
  kernels.dropout(x, make("dropout"), length, dropout);

  const normalized = make("normalized");
  const rstd = make("rstd", rows);
  const out = make("layerNorm");
  kernels.layerNorm({ rows, width, epsilon: 1e-12, x, residual: y, dropout, gamma, out, normalized, rstd });
  kernels.layerNormGradient({
    ...{ rows, width, dOut: y, normalized, rstd, gamma, dropout, dSum: make("dSum"), dX: make("dX") },
    ...{ dGamma: make("dGamma", width), dBeta: make("dBeta", width) },
  });

  const ids = ints(
    backend,
    Array.from({ length: rows }, (_, i) => (i * i) % 50),
  );
  const sums = make("scatterAddRows", 50 * width);
  kernels.fill(sums, 50 * width, 0);
  kernels.scatterAddRows(x, ids, sums, 50, rows, width);
  const order = ints(
    backend,
    Array.from({ length: rows }, (_, i) => rows - 1 - i),
  );
  kernels.sumRowSegments(x, order, ints(backend, [0, 7, 7, 200, rows]), make("sumRowSegments", 4 * width), 4, width);

  const heads = 6;
  const stride = width; // three parts of 130: six heads of 20 each, and ten columns between
  const lengths = [0, 100, 101, 230, rows];
  const probabilities = make("probabilities", heads * (100 ** 2 + 1 + 129 ** 2 + 70 ** 2));
  // 120 relative keys and as many relative queries for each of 257 distances
  const relative = floats(backend, numbers(257 * 240, 10));
  const call = {
    ...{ relativeKey: relative, relativeQuery: { ...relative, offset: 120 }, relativeStride: 240 },
    relativeBias: floats(backend, numbers(6 * 257, 11)),
    ...{
      sequences: 4,
      heads,
      headDim: 20,
      scale: 0.2,
      maxQuery: 129,
      maxKey: 129,
      dropout,
      biasHeads: 1,
    },
    ...{
      query: x,
      key: { ...x, offset: 130 },
      value: { ...x, offset: 260 },
      bias: floats(backend, numbers(129 ** 2, 5)),
    },
    ...{ queryStride: stride, keyStride: stride, valueStride: stride },
    ...{ queryOffsets: ints(backend, lengths), keyOffsets: ints(backend, lengths) },
  };
  kernels.attention(call, { probabilities, out: make("attention", rows * 120), outStride: 120 });
  const gradient = make("attentionGradient");
  kernels.fill(gradient, length, 0);
  kernels.attentionGradient(call, {
    ...{ probabilities, dOut: y, dOutStride: 120, dQuery: gradient, dKey: { ...gradient, offset: 130 } },
    ...{ dValue: { ...gradient, offset: 260 }, dQueryStride: stride, dKeyStride: stride, dValueStride: stride },
    dBias: make("dBias", 129 ** 2),
    ...{ dRelativeBias: make("dRelativeBias", 6 * 257), dRelativeStride: 120 },
    ...{ dRelativeKey: make("dRelativeKey", 257 * 120), dRelativeQuery: make("dRelativeQuery", 257 * 120) },
  });
  const positions = ints(
    backend,
    Array.from({ length: rows }, (_, i) => i % 40),
  );
  const angles = { positions, table: floats(backend, numbers(40 * 20, 12)), tableRows: 40 };
  kernels.rotary({ rows, width, heads: 12, headDim: 20, x, out: make("rotary"), ...angles });
  kernels.gatedActivation("gelu", x, make("gatedActivation", length / 2), rows, width / 2);
  kernels.gatedActivationGradient("gelu", x, y, make("gatedActivationGradient"), rows, width / 2);

  const labels = ints(
    backend,
    Array.from({ length: rows }, (_, i) => (i % 7 === 0 ? -100 : i)),
  );
  const entropy = {
    ...{ rows, classes: width, logits: x, labels, ignoreIndex: -100, labelSmoothing: 0.1 },
    ...{ logSumExp: make("logSumExp", rows), normalizer: make("normalizer", 1) },
  };
  const loss = make("crossEntropy", 1);
  kernels.crossEntropy({ ...entropy, loss });
  kernels.crossEntropyGradient({ ...entropy, dLoss: loss, dLogits: make("crossEntropyGradient") });

  const norm = make("norm", 1);
  const factor = make("clipFactor", 1);
  const runs = [
    { view: x, length },
    { view: y, length: 1000 },
  ];
  kernels.norm(runs, norm);
  kernels.clipFactor(norm, 1, factor);
  const constants = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
  const state = (name: string) => ({
    parameter: keep(name, floats(backend, numbers(length, 6))),
    firstMoment: floats(backend, numbers(length, 7)),
    secondMoment: floats(
      backend,
      numbers(length, 8).map((v) => v * v),
    ),
    ...{ length, ...constants, biasCorrection1: 0.1, biasCorrection2: 0.001 },
  });
  const moving = ints(
    backend,
    Array.from({ length: length / width }, (_, row) => row % 3),
  );
  const touched = { index: ints(backend, [0, 5, 170, 299]), rows: 4, width, moving };
  const tensors = [
    { ...state("adamw"), gradient: x },
    { ...state("adamw, touched rows"), gradient: y, touched },
  ];
  kernels.adamw(tensors, factor);
  const scaled = keep("scale", floats(backend, numbers(length, 9)));
  kernels.scale([{ view: scaled, length }], factor);

  const done: [string, Uint8Array][] = [];
  for (const [name, memory] of list) done.push([name, bytesOf(await backend.read(memory, memory.length))]);
  return done;
}

it("the number of threads does not change a bit of any kernel's result", async () => {
  const all: [name: string, bytes: Uint8Array][][] = [];
  for (const threads of threadCounts) {
    const backend = createNativeBackend({ threads });
    expect(backend.threads).toBe(threads);
    all.push(await results(backend));
    backend.close();
  }
  for (const other of all.slice(1)) {
    const different = other.filter(([, bytes], i) => Buffer.compare(bytes, all[0][i][1]) !== 0).map(([name]) => name);
    expect(different).toEqual([]);
  }
});
