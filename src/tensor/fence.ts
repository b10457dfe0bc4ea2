// Waiting for the device without reading: what a loop uses so that it does not run ahead of the kernels.
import type { Fence } from "../backends/kernels.js";
import { collectDropped } from "./collect.js";
import { currentBackend } from "./device.js";

/** A mark in the stream of the current backend; `wait()` resolves when everything enqueued before it has run. */
export function fence(): Fence {
  const backend = currentBackend();
  const mark = backend.fence();
  return {
    wait: async () => {
      await mark.wait();
      await collectDropped(backend);
    },
  };
}
