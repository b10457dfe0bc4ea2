// Dynamic int8: weights as bytes with a scale for each output, activations quantized as they come. What onnxruntime's
// quantize_dynamic does, with the same operators, so that its runtimes fuse what it makes.
import { ConfigError } from "../support/errors.js";
import { byteLengthOf, bytesOf, type Initializer, type OnnxGraph, type OnnxNode } from "./file/model.js";

/**
 * The byte that stands for 0. Weights are unsigned: products of unsigned with signed bytes overflow on processors that
 * add them in pairs of 16 bits (x86 before VNNI), products of two unsigned ones are exact everywhere.
 */
const ZERO = 128;
/** As a byte and as a number. */
const zeros = [
  { name: "quantized_zero", type: "uint8", shape: [], read: async () => Uint8Array.of(ZERO) },
  { name: "quantized_zero_float", type: "float32", shape: [], read: async () => bytesOf(Float32Array.of(ZERO)) },
] as const satisfies readonly Initializer[];
/** The largest distance from it: as far up as down, so that a weight's sign costs no accuracy. */
const REACH = 127;
/** Tables with fewer elements stay as they are. */
const SMALL = 4096;

/** A matrix as bytes, [rows, columns], with a scale for each row or for each column. */
interface Quantized {
  readonly bytes: Initializer;
  readonly scales: Initializer;
}

/**
 * The graph with its matrix products in int8 and its tables of embeddings as bytes; the rest stays in float32. Products
 * of two activations (attention's) stay, too.
 * @throws ConfigError naming a weight that holds a number that is not finite
 */
export async function quantizeDynamic(graph: OnnxGraph): Promise<OnnxGraph> {
  const rewriter = new Rewriter(graph);
  for (const node of graph.nodes) await rewriter.take(node);
  return rewriter.graph();
}

class Rewriter {
  readonly #source: OnnxGraph;
  readonly #floats: ReadonlyMap<string, Initializer>;
  /** Nodes by what they give. */
  readonly #makers: ReadonlyMap<string, OnnxNode>;
  readonly #nodes: OnnxNode[] = [];
  readonly #quantized = new Map<string, Quantized>();
  /** Activations that are quantized already: bytes, scale, zero point. */
  readonly #activations = new Map<string, readonly [bytes: string, scale: string, zero: string]>();

  constructor(source: OnnxGraph) {
    this.#source = source;
    this.#floats = new Map(source.initializers.map((tensor) => [tensor.name, tensor]));
    this.#makers = new Map(source.nodes.flatMap((node) => node.outputs.map((output) => [output, node])));
  }

  graph(): OnnxGraph {
    const made = [...this.#quantized.values()].flatMap(({ bytes, scales }) => [bytes, scales]);
    const all = [...this.#source.initializers, ...made, ...zeros];
    const nodes = withoutUnread(this.#nodes, this.#source.outputs);
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    return { ...this.#source, nodes, initializers: all.filter(({ name }) => read.has(name)) };
  }

  async take(node: OnnxNode): Promise<void> {
    const [first, second] = node.inputs;
    const table = this.#floats.get(first);
    if (node.type === "Gather" && table && isMatrix(table) && (node.attributes.axis ?? 0) === 0) {
      await this.#lookUp(node, table);
      return;
    }
    const transposition = this.#makers.get(second);
    const tied = transposition?.type === "Transpose" ? this.#floats.get(transposition.inputs[0]) : undefined;
    const weight = this.#floats.get(second);
    if (node.type === "MatMul" && weight && isMatrix(weight)) {
      const { bytes, scales } = await this.#quantize(weight, 1);
      this.#product(node, bytes.name, scales.name);
    } else if (node.type === "MatMul" && transposition && tied && isMatrix(tied)) {
      const { bytes, scales } = await this.#quantize(tied, 0);
      const turned = `${transposition.name}_bytes`;
      this.#emit("Transpose", turned, [bytes.name], [turned], transposition.attributes);
      const flat = `${scales.name}_flat`; // [rows, 1] of the table are [rows] of the product
      this.#emit("Squeeze", flat, [scales.name], [flat]);
      this.#product(node, turned, flat);
    } else {
      this.#nodes.push(node);
    }
  }

  /** Rows of bytes, times their scales: (row - 128) * scale. */
  async #lookUp(node: OnnxNode, table: Initializer): Promise<void> {
    const { bytes, scales } = await this.#quantize(table, 0);
    const { name, inputs, outputs } = node;
    const ids = inputs[1];
    this.#emit("Gather", `${name}_bytes`, [bytes.name, ids], [`${name}_bytes`], { axis: 0 });
    this.#emit("Gather", `${name}_scales`, [scales.name, ids], [`${name}_scales`], { axis: 0 });
    this.#emit("Cast", `${name}_cast`, [`${name}_bytes`], [`${name}_cast`], { to: 1 }); // float32
    this.#emit("Sub", `${name}_centred`, [`${name}_cast`, zeros[1].name], [`${name}_centred`]);
    this.#emit("Mul", name, [`${name}_centred`, `${name}_scales`], outputs);
  }

  /** x W: the products of bytes as int32, times both scales. */
  #product({ name, inputs: [x], outputs }: OnnxNode, bytes: string, scales: string): void {
    const [xBytes, xScale, xZero] = this.#activation(x);
    const [integers, floats, scale] = [`${name}_integers`, `${name}_floats`, `${name}_scale`];
    this.#emit("MatMulInteger", integers, [xBytes, bytes, xZero, zeros[0].name], [integers]);
    this.#emit("Cast", floats, [integers], [floats], { to: 1 }); // float32
    this.#emit("Mul", scale, [xScale, scales], [scale]);
    this.#emit("Mul", name, [floats, scale], outputs);
  }

  #activation(x: string): readonly [string, string, string] {
    const known = this.#activations.get(x);
    if (known) return known;
    const values = [`${x}_quantized`, `${x}_scale`, `${x}_zero`] as const;
    this.#emit("DynamicQuantizeLinear", `${x}_quantize`, [x], values);
    this.#activations.set(x, values);
    return values;
  }

  /** `axis`: 0 for a scale of each row, [rows, 1]; 1 for one of each column, [columns]. */
  async #quantize(matrix: Initializer, axis: 0 | 1): Promise<Quantized> {
    const known = this.#quantized.get(matrix.name);
    if (known) return known;
    const [rows, columns] = matrix.shape;
    const raw = await matrix.read();
    const values = new Float32Array(raw.buffer, raw.byteOffset, byteLengthOf(matrix) / 4);
    const scales = new Float32Array(axis === 0 ? rows : columns);
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        const at = axis === 0 ? row : column;
        scales[at] = Math.max(scales[at], Math.abs(values[i])); // NaN where one is
      }
    }
    for (let i = 0; i < scales.length; i++) {
      if (!Number.isFinite(scales[i])) {
        throw new ConfigError(`${matrix.name} holds a number that is not finite; such a model has no form in int8`);
      }
      scales[i] = scales[i] === 0 ? 1 : scales[i] / REACH;
    }
    const bytes = new Uint8Array(values.length);
    for (let row = 0, i = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, i++) {
        bytes[i] = ZERO + Math.round(values[i] / scales[axis === 0 ? row : column]);
      }
    }
    const quantized: Quantized = {
      bytes: { name: `${matrix.name}_quantized`, type: "uint8", shape: matrix.shape, read: async () => bytes },
      scales: {
        name: `${matrix.name}_scale`,
        type: "float32",
        shape: axis === 0 ? [rows, 1] : [columns],
        read: async () => bytesOf(scales),
      },
    };
    this.#quantized.set(matrix.name, quantized);
    return quantized;
  }

  #emit(
    type: string,
    name: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: OnnxNode["attributes"] = {},
  ): void {
    this.#nodes.push({ name, type, inputs, outputs, attributes });
  }
}

function isMatrix({ type, shape }: Initializer): boolean {
  return type === "float32" && shape.length === 2 && shape[0] * shape[1] >= SMALL;
}

/** Drops the nodes that nothing reads any more. */
function withoutUnread(nodes: readonly OnnxNode[], outputs: OnnxGraph["outputs"]): OnnxNode[] {
  const read = new Set(outputs.map(({ name }) => name));
  const kept: OnnxNode[] = [];
  for (const node of nodes.toReversed()) {
    if (!node.outputs.some((output) => read.has(output))) continue;
    kept.push(node);
    for (const input of node.inputs) read.add(input);
  }
  return kept.reverse();
}
