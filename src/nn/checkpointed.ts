// Modules whose activations may be computed anew in backward rather than kept.
import { checkpoint, gradEnabled, type Tensor } from "../tensor/index.js";
import { Module } from "./module.js";

/**
 * A module that can be checkpointed: with `checkpointing` set, in training, backward keeps the tensors that `forward` was
 * given and computes the rest once more. The layers of models are such. `forward` returns one tensor and is given all that
 * its gradient depends on, parameters aside.
 */
export abstract class CheckpointedModule extends Module {
  checkpointing = false;

  constructor() {
    super();
    const forward = this.forward as (...inputs: unknown[]) => Tensor;
    Object.defineProperty(this, "forward", {
      value: (...inputs: unknown[]) =>
        this.checkpointing && this.training && gradEnabled() ? checkpoint(forward, ...inputs) : forward(...inputs),
      writable: true,
      configurable: true,
    });
  }

  abstract override forward(...inputs: never[]): Tensor;
}
