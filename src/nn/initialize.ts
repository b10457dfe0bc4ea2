// First values of parameters. Building a model that a checkpoint fills next skips them.
import type { Parameter } from "./module.js";

let skipping = false;

/** Builds modules without drawing first values: parameters are zero until loaded or initialized. */
export function withoutInitialization<T>(build: () => T): T {
  const before = skipping;
  skipping = true;
  try {
    return build();
  } finally {
    skipping = before;
  }
}

/** Draws from a normal distribution of mean 0, seeded by the run (see manualSeed). `zeroRow`: a row that is zero instead. */
export function initializeNormal(parameter: Parameter, deviation: number, zeroRow?: number): void {
  parameter.normal_(0, deviation);
  if (zeroRow === undefined) return;
  const width = parameter.shape[1];
  const row = { buffer: parameter.buffer, offset: parameter.offset + zeroRow * width };
  parameter.backend.kernels.fill(row, width, 0);
}

/** PyTorch's default for linear layers: a uniform distribution of bound 1 / sqrt(inputs); here by its deviation, normal. */
export function initializeLinear(parameter: Parameter, inputs: number): void {
  if (!skipping) initializeNormal(parameter, 1 / Math.sqrt(3 * inputs));
}

export function initializeEmbedding(parameter: Parameter): void {
  if (!skipping) initializeNormal(parameter, 1);
}
