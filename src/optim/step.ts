// The number of the training step that enqueued work belongs to, so that errors of the device can name it: optimizers count
// their passes, and a loop that numbers its steps itself says which one begins.
import type { Backend } from "../backends/kernels.js";

const steps = new WeakMap<Backend, number>();

/** What is enqueued from now on belongs to step `step`. */
export function enterStep(backend: Backend, step: number): void {
  steps.set(backend, step);
  backend.setStep(step);
}

/** What is enqueued from now on belongs to the next step. Until something says otherwise, the first is 0. */
export function enterNextStep(backend: Backend): void {
  enterStep(backend, (steps.get(backend) ?? 0) + 1);
}
