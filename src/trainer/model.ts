// What the Trainer asks of a model and of a batch.
import type { Batch } from "../batches/index.js";
import type { Module } from "../nn/index.js";
import { Embedding } from "../nn/index.js";
import { sameShape, Tensor } from "../tensor/index.js";
import type { LabelConfig } from "./columns.js";

/** A model with a loss: any of the heads that fromPretrained gives, or a Module of one's own. */
export interface TrainableModel extends Module {
  forward(batch: Batch): ModelResult;
  /** Label names go here. */
  readonly config?: Partial<LabelConfig>;
  /** Batch entries that forward takes beside labels; input_ids and its companions where it is absent. */
  readonly inputNames?: readonly string[];
  /** Batch entries that the loss is computed from; `labels` where it is absent. */
  readonly labelNames?: readonly string[];
  /** Needed for activationCheckpointing. */
  activationCheckpointingEnable?(): void;
  /** Needed for saving. */
  savePretrained?(folder: string): Promise<void>;
  /** Takes back what savePretrained wrote, where that is not the weights of all parameters: adapters. */
  loadWeights?(folder: string): Promise<void>;
  /** What the Hub calls the library of its files. Default "transformers". */
  readonly library?: string;
}

export interface ModelResult {
  /** Mean loss of the batch, a scalar; read only where the batch has labels. */
  readonly loss: Tensor;
  /** [rows, ...]; a head with several outputs has them under their own names instead (start_logits, end_logits). */
  readonly logits?: Tensor;
}

/** Labels of this value are no part of the loss. */
export const IGNORED = -100;

export function labelNamesOf(model: TrainableModel): readonly string[] {
  return model.labelNames ?? ["labels"];
}

/** The tensors among a model's outputs, beside its loss: `logits`, or all that the head names. */
export function outputsOf(result: ModelResult): Readonly<Record<string, Tensor>> {
  if (result.logits) return { logits: result.logits };
  const entries = Object.entries(result).filter(([name, value]) => value instanceof Tensor && !/loss/i.test(name));
  return Object.fromEntries(entries) as Record<string, Tensor>;
}

/** How many labels a batch's mean loss is a mean over. */
export function countLabels(batch: Batch, model: TrainableModel): number {
  const [name] = labelNamesOf(model);
  const labels = batch[name];
  if (!labels) return countRows(batch); // the loss is of the rows themselves
  const { host } = labels;
  if (!host) return labels.size;
  const mask = sameShape(labels.shape, batch.attention_mask?.shape ?? []) ? batch.attention_mask.host : undefined;
  return host.reduce((count, label, i) => count + (label === IGNORED || mask?.[i] === 0 ? 0 : 1), 0);
}

export function countRows(batch: Batch): number {
  return (batch.input_ids ?? Object.values(batch)[0]).shape[0];
}

/** Tokens without padding, where the mask is known to the host; of several texts in a row all of theirs. */
export function countTokens(batch: Batch): number {
  const masks = ofAllTexts(batch, "attention_mask");
  if (masks.length === 0) return countPositions(batch);
  return masks.reduce((total, { host, size }) => total + (host?.reduce((sum, value) => sum + value, 0) ?? size), 0);
}

/** Positions of a batch's tokens, padding with them. */
export function countPositions(batch: Batch): number {
  return ofAllTexts(batch, "input_ids").reduce((sum, { size }) => sum + size, 0);
}

/** An entry of a batch, or those of each text of its rows: `anchor_input_ids`, `positive_input_ids`. */
function ofAllTexts(batch: Batch, name: string): Tensor[] {
  return Object.keys(batch).flatMap((key) => (key === name || key.endsWith(`_${name}`) ? [batch[key]] : []));
}

/** Weights outside of embedding tables: what an input's floating-point operations are in proportion to. */
export function countComputedParameters(model: Module): number {
  const tables = new Set<Tensor>();
  for (const [, module] of model.namedModules()) if (module instanceof Embedding) tables.add(module.weight);
  return model.parameters().reduce((sum, parameter) => sum + (tables.has(parameter) ? 0 : parameter.size), 0);
}
