// onnxruntime on exported files: the tests' second opinion.
import { InferenceSession, Tensor } from "onnxruntime-node";
import { flat, type Nested } from "../parity/fixtures.js";

export type Inputs = Readonly<Record<string, readonly Nested[]>>;

/** Opens a file; one thread, since other tests run at the same time. */
export function openSession(path: string): Promise<InferenceSession> {
  return InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 3 });
}

/** Runs a session on those of the inputs that it takes. */
export async function run(session: InferenceSession, inputs: Inputs): Promise<Record<string, Tensor>> {
  const feeds = session.inputNames.map((name) => [name, int64(inputs[name] as Nested[])]);
  return (await session.run(Object.fromEntries(feeds))) as Record<string, Tensor>;
}

function int64(values: Nested[]): Tensor {
  return new Tensor("int64", BigInt64Array.from(flat(values), BigInt), shapeOf(values));
}

function shapeOf(values: Nested): number[] {
  return typeof values === "number" ? [] : [values.length, ...shapeOf(values[0])];
}
