// A graph in the making: nodes by the modules that they stand for, weights by their names in the checkpoint.
import type { Module, Parameter } from "../nn/index.js";
import { ConfigError } from "../support/errors.js";
import {
  type Attribute,
  bytesOf,
  type Initializer,
  type OnnxGraph,
  type OnnxNode,
  type OnnxType,
  type ValueInfo,
} from "./file/model.js";

/** The name of a value of the graph. */
export type Value = string;

export class GraphBuilder {
  readonly inputs: ValueInfo[] = [];
  readonly outputs: ValueInfo[] = [];
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #paths: ReadonlyMap<Module, string>;
  readonly #keys: ReadonlyMap<Parameter, string>;
  readonly #used = new Map<string, number>();
  #scope = "";

  /** `model`: whose parameters the graph computes with. */
  constructor(model: Module) {
    this.#paths = new Map(Array.from(model.namedModules(), ([path, module]) => [module, path]));
    this.#keys = new Map(Array.from(model.namedParameters(), ([path, parameter]) => [parameter, path]));
  }

  graph(name: string): OnnxGraph {
    const { inputs, outputs } = this;
    return { name, inputs, outputs, nodes: this.#nodes, initializers: [...this.#initializers.values()] };
  }

  input(name: string, type: OnnxType, shape: readonly (number | string)[]): Value {
    this.inputs.push({ name, type, shape });
    return name;
  }

  /** Gives a value out under `name`. */
  output(name: string, value: Value, shape: readonly (number | string)[]): void {
    this.#nodes.push({ name: `/${name}`, type: "Identity", inputs: [value], outputs: [name], attributes: {} });
    this.outputs.push({ name, type: "float32", shape });
  }

  /** Names what `emit` makes after the module that it stands for. */
  inside<T>(module: Module, emit: () => T): T {
    const outer = this.#scope;
    this.#scope = this.#paths.get(module) ?? outer;
    try {
      return emit();
    } finally {
      this.#scope = outer;
    }
  }

  /** A node of one output. */
  node(type: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.nodeOf(1, type, inputs, attributes)[0];
  }

  /** A node of several outputs. */
  nodeOf(
    outputs: number,
    type: string,
    inputs: readonly Value[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const name = this.#unique(`/${this.#scope === "" ? "" : `${this.#scope.replaceAll(".", "/")}/`}${type}`);
    const values = Array.from({ length: outputs }, (_, i) => `${name}_output_${i}`);
    this.#nodes.push({ name, type, inputs, outputs: values, attributes });
    return values;
  }

  /** A parameter as the checkpoint holds it. */
  parameter(parameter: Parameter): Value {
    const name = this.#keyOf(parameter);
    this.#initializers.set(name, {
      name,
      type: "float32",
      shape: parameter.shape,
      read: async () => bytesOf(await parameter.data()),
    });
    return name;
  }

  /**
   * A linear layer's weight [outputs, inputs] as MatMul takes it, [inputs, outputs]. A table that is looked up, too, is
   * not written twice.
   */
  transposed(parameter: Parameter): Value {
    const key = this.#keyOf(parameter);
    if (this.#initializers.has(key)) return this.node("Transpose", [key], { perm: [1, 0] });
    const name = `${key}.T`;
    const [rows, columns] = parameter.shape;
    this.#initializers.set(name, {
      name,
      type: "float32",
      shape: [columns, rows],
      read: async () => bytesOf(transpose(await parameter.data(), rows, columns)),
    });
    return name;
  }

  /** Integers; equal ones are written once. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.constant(
      `int64:${shape.join("x")}:${values.join(",")}`,
      "int64",
      shape,
      BigInt64Array.from(values, BigInt),
    );
  }

  float(value: number): Value {
    return this.constant(`float32:${value}`, "float32", [], Float32Array.of(value));
  }

  /** Values under a name of their own; what has the name already stays. */
  constant(
    name: string,
    type: OnnxType,
    shape: readonly number[],
    values: Float32Array | BigInt64Array | Uint8Array,
  ): Value {
    if (!this.#initializers.has(name)) {
      this.#initializers.set(name, { name, type, shape, read: () => Promise.resolve(bytesOf(values)) });
    }
    return name;
  }

  #keyOf(parameter: Parameter): string {
    const key = this.#keys.get(parameter);
    if (key === undefined) throw new ConfigError(`the model has no name for a parameter ${parameter.toString()}`);
    return key;
  }

  #unique(name: string): string {
    const count = this.#used.get(name) ?? 0;
    this.#used.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }
}

/** [rows, columns] -> [columns, rows]. */
function transpose(values: ArrayLike<number>, rows: number, columns: number): Float32Array {
  const turned = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) turned[column * rows + row] = values[row * columns + column];
  }
  return turned;
}
