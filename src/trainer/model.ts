// What the Trainer asks of a model and of a batch.
import type { Batch } from "../batches/index.js";
import type { Module } from "../nn/index.js";
import { Embedding } from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";
import type { LabelConfig } from "./columns.js";

/** A model with a loss: any of the heads that fromPretrained gives, or a Module of one's own. */
export interface TrainableModel extends Module {
  forward(batch: Batch): ModelResult;
  /** Label names go here. */
  readonly config?: Partial<LabelConfig>;
  /** Batch entries that forward takes beside labels; input_ids and its companions where it is absent. */
  readonly inputNames?: readonly string[];
  /** Needed for saving. */
  savePretrained?(folder: string): Promise<void>;
}

export interface ModelResult {
  /** Mean loss of the batch, a scalar; read only where the batch has labels. */
  readonly loss: Tensor;
  /** [rows, ...] */
  readonly logits: Tensor;
}

const IGNORED = -100; // labels of this value are no part of the loss

/** How many labels a batch's mean loss is a mean over. */
export function countLabels({ labels }: Batch): number {
  const { host } = labels;
  return host ? host.reduce((count, label) => count + (label === IGNORED ? 0 : 1), 0) : labels.size;
}

export function countRows(batch: Batch): number {
  return (batch.input_ids ?? Object.values(batch)[0]).shape[0];
}

/** Tokens without padding, where the mask is known to the host. */
export function countTokens({ attention_mask: mask, input_ids: ids }: Batch): number {
  if (mask?.host) return mask.host.reduce((sum, value) => sum + value, 0);
  return ids?.size ?? 0;
}

/** Weights outside of embedding tables: what an input's floating-point operations are in proportion to. */
export function countComputedParameters(model: Module): number {
  const tables = new Set<Tensor>();
  for (const [, module] of model.namedModules()) if (module instanceof Embedding) tables.add(module.weight);
  return model.parameters().reduce((sum, parameter) => sum + (tables.has(parameter) ? 0 : parameter.size), 0);
}
