// A number that must be finite: checked on the device, reported at the next read or fence with the step's number.
import type { Tensor } from "../tensor/index.js";

/** Makes a NaN or infinity in `tensor` an error of the stream that names `what`. Returns the tensor. */
export function expectFinite(tensor: Tensor, what: string): Tensor {
  tensor.backend.kernels.checkFinite(tensor, tensor.size, what);
  return tensor;
}
