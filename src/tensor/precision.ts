// How exactly matrix products are computed: float32, or with factors rounded to bfloat16 (8 significant bits) and sums in
// float32. Weights, gradients and everything that is not a product stay float32, so that no scaling of losses is needed.
import { AttuneError } from "../support/errors.js";

export type ProductPrecision = "float32" | "bfloat16";

let current: ProductPrecision = "float32";

/** The precision of the products that are asked for now. */
export function productPrecision(): ProductPrecision {
  return current;
}

/**
 * Runs `fn`, whose matrix products (linear layers, `matmul`) have this precision, in backward too. As torch.autocast,
 * except that what is computed with a product's result stays float32: attention, activations, norms, losses.
 * @throws AttuneError for an asynchronous function: the precision would be that of whatever else runs meanwhile.
 */
export function autocast<T>(precision: ProductPrecision, fn: () => T): T {
  const before = current;
  current = precision;
  let result: T;
  try {
    result = fn();
  } finally {
    current = before;
  }
  if (result instanceof Promise) {
    result.catch(() => {});
    throw new AttuneError(
      "autocast: the function is asynchronous; wrap only the synchronous part, and await outside of it",
    );
  }
  return result;
}
