// What an ONNX file says: a graph of nodes over named values, with the weights as initializers. Names and field numbers
// are those of ONNX's schema (onnx/onnx.proto).
import { version } from "../../support/version.js";
import { type LazyBytes, Message } from "./protobuf.js";

/** Element types that our graphs have, with their numbers in TensorProto.DataType. */
const dataTypes = { float32: 1, uint8: 2, int8: 3, int64: 7, bool: 9 } as const;

export type OnnxType = keyof typeof dataTypes;

const bytesPerElement: Readonly<Record<OnnxType, number>> = { float32: 4, uint8: 1, int8: 1, int64: 8, bool: 1 };

/** A tensor of the file. */
export interface Initializer {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  /** The elements, little-endian, row by row. */
  readonly read: () => Promise<Uint8Array>;
}

/** A number is an integer; `{ float }` is what it says. */
export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly name: string;
  readonly type: string;
  /** Names of values; "" for an input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** What goes into a graph or comes out of it; a dimension of any size has a name. */
export interface ValueInfo {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly Initializer[];
}

/** Where an initializer's bytes stand in a file beside the model. */
export interface ExternalPlace {
  readonly file: string;
  readonly offset: number;
}

/** The first operator set with LayerNormalization: what runs it was released in 2022 or later. */
export const OPSET = 17;
/** The version of the file format that came with it. */
const IR_VERSION = 8;

export function byteLengthOf({ type, shape }: Pick<Initializer, "type" | "shape">): number {
  return shape.reduce((size, n) => size * n, bytesPerElement[type]);
}

/** Elements as the file holds them: little-endian, as every platform that Node runs on has it. */
export function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/**
 * The file. `external`: initializers whose bytes stand elsewhere, by name.
 */
export function modelProto(graph: OnnxGraph, external: ReadonlyMap<string, ExternalPlace> = new Map()): Message {
  return new Message()
    .integer(1, IR_VERSION)
    .text(2, "attune")
    .text(3, version)
    .message(7, graphProto(graph, external))
    .message(8, new Message().text(1, "").integer(2, OPSET));
}

function graphProto(graph: OnnxGraph, external: ReadonlyMap<string, ExternalPlace>): Message {
  const message = new Message();
  for (const node of graph.nodes) message.message(1, nodeProto(node));
  message.text(2, graph.name);
  for (const tensor of graph.initializers) message.message(5, tensorProto(tensor, external.get(tensor.name)));
  for (const input of graph.inputs) message.message(11, valueInfoProto(input));
  for (const output of graph.outputs) message.message(12, valueInfoProto(output));
  return message;
}

function nodeProto({ name, type, inputs, outputs, attributes }: OnnxNode): Message {
  const message = new Message();
  for (const input of inputs) message.text(1, input);
  for (const output of outputs) message.text(2, output);
  message.text(3, name).text(4, type);
  for (const [key, value] of Object.entries(attributes)) message.message(5, attributeProto(key, value));
  return message;
}

/** Kinds of attributes, by AttributeProto.AttributeType. */
const kinds = { float: 1, integer: 2, text: 3, integers: 7 } as const;

function attributeProto(name: string, value: Attribute): Message {
  const message = new Message().text(1, name);
  if (typeof value === "number") return message.integer(3, value).integer(20, kinds.integer);
  if (typeof value === "string") return message.text(4, value).integer(20, kinds.text);
  if ("float" in value) return message.float(2, value.float).integer(20, kinds.float);
  return message.integers(8, value).integer(20, kinds.integers);
}

function tensorProto(tensor: Initializer, external: ExternalPlace | undefined): Message {
  const message = new Message().integers(1, tensor.shape).integer(2, dataTypes[tensor.type]).text(8, tensor.name);
  const byteLength = byteLengthOf(tensor);
  if (!external) return message.bytes(9, { byteLength, read: tensor.read } satisfies LazyBytes);
  const { file, offset } = external;
  for (const [key, value] of Object.entries({ location: file, offset, length: byteLength })) {
    message.message(13, new Message().text(1, key).text(2, String(value)));
  }
  return message.integer(14, 1); // DataLocation.EXTERNAL
}

function valueInfoProto({ name, type, shape }: ValueInfo): Message {
  const dimensions = new Message();
  for (const size of shape) {
    dimensions.message(1, typeof size === "number" ? new Message().integer(1, size) : new Message().text(2, size));
  }
  const tensorType = new Message().integer(1, dataTypes[type]).message(2, dimensions);
  return new Message().text(1, name).message(2, new Message().message(1, tensorType));
}
