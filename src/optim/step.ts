// The number of the training step that enqueued work belongs to, so that errors of the device can name it.
import type { Backend } from "../backends/kernels.js";

const steps = new WeakMap<Backend, number>();

/** Called by an optimizer after its pass: what is enqueued from now on belongs to the next step. */
export function beginStep(backend: Backend): void {
  const step = (steps.get(backend) ?? 0) + 1;
  steps.set(backend, step);
  backend.setStep(step);
}
