// Memory whose handles were dropped without dispose() comes back through the garbage collector, which knows nothing of
// the device. When the memory in use passes a high-water mark, the next wait asks the collector to look.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Backend } from "../backends/kernels.js";

const floor = 256 * 2 ** 20; // bytes; below it dropped handles may wait for an ordinary collection
const marks = new WeakMap<Backend, number>();
let collectGarbage: (() => void) | undefined;

function collector(): () => void {
  if (!collectGarbage) {
    setFlagsFromString("--expose-gc");
    collectGarbage = runInNewContext("gc") as () => void;
    setFlagsFromString("--no-expose-gc");
  }
  return collectGarbage;
}

/** Called where the program waits anyway (reads, the loader's fences): drains dropped handles past the mark. */
export async function collectDropped(backend: Backend): Promise<void> {
  const { bytesInUse } = backend.statistics();
  if (bytesInUse <= (marks.get(backend) ?? floor)) return;
  collector()();
  await new Promise<void>((resolve) => setImmediate(resolve)); // finalizers run as a task of their own
  // Twice what is really alive: a growing model does not collect at every step.
  marks.set(backend, Math.max(floor, 2 * backend.statistics().bytesInUse));
}
