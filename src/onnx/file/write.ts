// A graph onto the disk: one file, or, where it is larger than a protobuf can be, one file and its weights beside it.
import { basename } from "node:path";
import { writeFileAtomic } from "../../support/atomic.js";
import { byteLengthOf, type ExternalPlace, type Initializer, modelProto, type OnnxGraph } from "./model.js";
import { readWhole } from "./protobuf.js";

/** Protobuf's readers take no message of 2 GiB or more. */
const LARGEST = 2 ** 31 - 1;
/** Tensors below this stay in the model's own file, as ONNX's own tools do it. */
const SMALL = 1024;
/** A place from which readers can map a tensor: a multiple of every system's page. */
const PAGE = 65_536;

export interface WriteOptions {
  /** The weights in a file of their own, named after the model's with `_data` behind it. Default: where they are 2 GiB. */
  readonly externalData?: boolean;
}

/**
 * Writes `graph` to `path`, whole or not at all; external weights first, so that there is no model without them.
 * @returns the names of the files that were written
 * @throws AttuneError naming the path and the cause
 */
export async function writeOnnx(path: string, graph: OnnxGraph, options: WriteOptions = {}): Promise<string[]> {
  const whole = modelProto(graph);
  if (!(options.externalData ?? whole.byteLength > LARGEST)) {
    await writeFileAtomic(path, whole.chunks());
    return [basename(path)];
  }
  const file = `${basename(path)}_data`;
  const large = graph.initializers.filter((tensor) => byteLengthOf(tensor) >= SMALL);
  const places = new Map<string, ExternalPlace>();
  let offset = 0;
  for (const tensor of large) {
    places.set(tensor.name, { file, offset });
    offset = Math.ceil((offset + byteLengthOf(tensor)) / PAGE) * PAGE;
  }
  await writeFileAtomic(`${path}_data`, externalChunks(large, places));
  await writeFileAtomic(path, modelProto(graph, places).chunks());
  return [basename(path), file];
}

async function* externalChunks(
  tensors: readonly Initializer[],
  places: ReadonlyMap<string, ExternalPlace>,
): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const tensor of tensors) {
    const offset = places.get(tensor.name)?.offset ?? at;
    if (offset > at) yield new Uint8Array(offset - at);
    const byteLength = byteLengthOf(tensor);
    yield await readWhole({ byteLength, read: tensor.read });
    at = offset + byteLength;
  }
}
