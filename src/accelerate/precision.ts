// Mixed precision of a model: what `Accelerator.prepare` does to its forward.
import type { Module } from "../nn/index.js";
import { infoOnce } from "../support/log.js";
import { autocast, type ProductPrecision } from "../tensor/index.js";

/** Forwards as they were before. */
const ownForwards = new WeakMap<Module, Module["forward"]>();

/** From now on the forward of `model` has products of this precision, whoever calls it. */
export function setPrecision(model: Module, precision: ProductPrecision): void {
  const before = ownForwards.get(model);
  if (precision === "float32" && !before) return;
  const forward = (before ?? model.forward) as (...inputs: unknown[]) => unknown;
  ownForwards.set(model, forward);
  if (precision === "bfloat16") sayWhere(model);
  Object.defineProperty(model, "forward", {
    value: precision === "float32" ? forward : (...inputs: unknown[]) => autocast(precision, () => forward(...inputs)),
    writable: true,
    configurable: true,
  });
}

function sayWhere(model: Module): void {
  const [parameter] = model.parameters();
  if (!parameter) return;
  const { description, multipliesBfloat16 } = parameter.backend;
  infoOnce(
    `bfloat16 ${description}`,
    multipliesBfloat16
      ? `matrix products in bfloat16 (${description})`
      : `matrix products of numbers rounded to bfloat16 (${description}, which multiplies them as float32): the same results, ` +
          "in the time of float32",
  );
}
