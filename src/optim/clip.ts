// Clipping by the norm of all gradients together, as torch.nn.utils.clip_grad_norm_.
import { ConfigError } from "../support/errors.js";
import { empty, type GradientSlot, RowsGradient, type Tensor, tidy } from "../tensor/index.js";

/**
 * Scales the gradients of `parameters` so that their common l2 norm is at most `maxNorm`. Nothing is computed on the
 * gradients until somebody reads them: AdamW applies the factor in its own pass.
 * @returns The norm before clipping: a scalar on the device; 0 if there is no gradient.
 * @throws ConfigError if maxNorm is not positive. A norm that is not finite becomes an error of the next read or fence.
 */
export function clipGradNorm(parameters: Iterable<Tensor>, maxNorm: number): Tensor {
  if (!(maxNorm > 0)) throw new ConfigError(`clipGradNorm: maxNorm must be positive, not ${maxNorm}`);
  return tidy(() => {
    const slots: GradientSlot[] = [];
    for (const { gradientSlot } of parameters) if (gradientSlot?.value) slots.push(gradientSlot);
    const gradients: Tensor[] = [];
    for (const slot of slots) {
      slot.settle();
      const { value } = slot;
      if (value) gradients.push(value instanceof RowsGradient ? value.values : value);
    }
    const norm = empty([], "float32", gradients.at(0)?.backend);
    const { backend } = norm;
    backend.kernels.norm(
      gradients.map((view) => ({ view, length: view.size })),
      norm,
    );
    backend.kernels.checkFinite(norm, 1, "the norm of the gradients");
    const factor = empty([], "float32", backend);
    backend.kernels.clipFactor(norm, maxNorm, factor);
    for (const slot of slots) slot.scaleBy(factor);
    return norm;
  });
}
