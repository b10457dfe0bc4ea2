// A checkpoint's tensors into a model's parameters: families spell some keys differently, heads come and go, and whatever
// does not fit is said by name.
import { openCheckpoint, type TensorSource } from "../checkpoint/index.js";
import { Embedding, initializeNormal, LayerNorm, type Module, type Parameter } from "../nn/index.js";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { info, warn } from "../support/log.js";
import { formatShape, sameShape } from "../tensor/index.js";
import type { CheckpointSpelling } from "./family.js";
import type { PreTrainedModel } from "./pretrained.js";

export interface LoadOptions {
  /** Parameters whose shapes differ from the checkpoint's start anew. Default false: that is an error. */
  readonly ignoreMismatchedSizes?: boolean;
}

/** A vocabulary that gets more words: how many the checkpoint has, and how many the model. */
export interface VocabularyGrowth {
  readonly from: number;
  readonly to: number;
}

/**
 * Fills `model` from the checkpoint in `folder`. Where the vocabulary grows, the rows of new words are the mean of those that
 * the checkpoint has, and their biases zero, as transformers' resize_token_embeddings makes them (but for its noise of a
 * thirty thousandth).
 * @throws FileFormatError for encoder weights that are missing, or damaged files.
 * @throws ConfigError for shapes that differ, and tied weights that are not equal.
 */
export async function loadWeights(
  model: PreTrainedModel,
  folder: string,
  spelling: CheckpointSpelling,
  options: LoadOptions = {},
  growth?: VocabularyGrowth,
): Promise<void> {
  const checkpoint = await openCheckpoint(folder);
  try {
    const { found, copies, unexpected } = matchKeys(model, checkpoint.names, spelling);
    await checkCopies(checkpoint, found, copies);
    const missing: string[] = [];
    const mismatched: string[] = [];
    const fresh: [string, Parameter][] = [];
    const read: [key: string, Parameter][] = [];
    const grown: string[] = [];
    for (const [name, parameter] of model.namedParameters()) {
      const key = found.get(model.keyOf(name));
      if (key === undefined) {
        if (!spelling.optional.test(name)) missing.push(name);
        fresh.push([name, parameter]);
        continue;
      }
      const { shape } = checkpoint.info(key);
      const grows = growth && sameShape(shape, [growth.from, ...shape.slice(1)]);
      if (grows && sameShape(parameter.shape, [growth.to, ...shape.slice(1)])) grown.push(name);
      else if (!sameShape(shape, parameter.shape)) {
        mismatched.push(
          `${name}: ${formatShape(shape)} in the checkpoint, ${formatShape(parameter.shape)} in the model`,
        );
        fresh.push([name, parameter]);
        continue;
      }
      read.push([key, parameter]);
    }
    if (missing.length > 0) {
      throw new FileFormatError(
        `${folder} lacks weights of ${nameOf(model)}: ${missing.join(", ")}. Is it a checkpoint of this architecture? It ` +
          `holds ${checkpoint.names.slice(0, 5).join(", ")}${checkpoint.names.length > 5 ? ", ..." : ""}`,
      );
    }
    if (mismatched.length > 0 && !options.ignoreMismatchedSizes) {
      throw new ConfigError(
        `${folder} does not fit ${nameOf(model)}: ${mismatched.join("; ")}. ` +
          "To start these anew pass { ignoreMismatchedSizes: true } (--ignore-mismatched-sizes); for another number of labels check numLabels",
      );
    }
    await fill(read, checkpoint);
    if (growth && grown.length > 0) {
      const words = `${growth.to - growth.from} words that the checkpoint has not`;
      info(`${nameOf(model)}: ${words} begin as the mean of its ${growth.from}: ${grown.join(", ")}`);
    }
    initialize(model, fresh);
    if (fresh.length > 0) {
      info(`${nameOf(model)}: newly initialized, to be trained: ${fresh.map(([name]) => name).join(", ")}`);
    }
    const strange = unexpected.filter(
      (key) => key.startsWith(spelling.basePrefix) || belongsToEncoder(model, key, spelling),
    );
    if (strange.length > 0) warn(`${folder}: the model has no place for ${strange.join(", ")}`);
    const heads = unexpected.filter((key) => !strange.includes(key));
    if (heads.length > 0) info(`${nameOf(model)}: not used from ${folder} (another head): ${heads.join(", ")}`);
  } finally {
    await checkpoint.close();
  }
}

/** Fills parameters from the tensors of their keys; the next one is read while one is copied. */
async function fill(entries: readonly [key: string, Parameter][], checkpoint: TensorSource): Promise<void> {
  const read = (at: number): Promise<Float32Array> | undefined =>
    at < entries.length ? checkpoint.readFloat32(entries[at][0]) : undefined;
  let next = read(0);
  for (const [at, [, parameter]] of entries.entries()) {
    const values = await next;
    next = read(at + 1);
    next?.catch(() => {}); // thrown where it is awaited, if ever it is
    if (values) parameter.write_(values.length < parameter.size ? withNewRows(values, parameter) : values);
  }
}

/** A parameter's first rows, and behind them their mean for each new row of a table, zero for that of a bias. */
function withNewRows(rows: Float32Array, parameter: Parameter): Float32Array {
  const all = new Float32Array(parameter.size);
  all.set(rows);
  if (parameter.rank < 2) return all;
  const width = parameter.size / parameter.shape[0];
  const sums = new Float64Array(width);
  rows.forEach((value, i) => {
    sums[i % width] += value;
  });
  const mean = Float32Array.from(sums, (sum) => (sum * width) / rows.length);
  for (let at = rows.length; at < all.length; at += width) all.set(mean, at);
  return all;
}

interface MatchedKeys {
  /** The checkpoint's key by the parameter's own. */
  readonly found: ReadonlyMap<string, string>;
  /** Keys that hold a second copy of a tied parameter, by the parameter's key. */
  readonly copies: ReadonlyMap<string, string>;
  readonly unexpected: readonly string[];
}

/** What checkpoints converted from TensorFlow call a layer norm's parameters, in every family. */
const RENAMES = [
  ["LayerNorm.gamma", "LayerNorm.weight"],
  ["LayerNorm.beta", "LayerNorm.bias"],
] as const;

/** Finds each parameter's key in the checkpoint; a tied one's may be that of its copy. */
function matchKeys(
  model: PreTrainedModel,
  keys: readonly string[],
  { basePrefix, renames = [], ignored = [], surplus }: CheckpointSpelling,
): MatchedKeys {
  const names = new Set(Array.from(model.namedParameters(), ([name]) => model.keyOf(name)));
  const { tiedKeys } = model;
  const found = new Map<string, string>();
  const copies = new Map<string, string>();
  const unexpected: string[] = [];
  for (const key of keys) {
    if (ignored.some((name) => key === name || key === basePrefix + name)) continue;
    const renamed = [...RENAMES, ...renames].reduce(
      (k, [ending, now]) => (k.endsWith(ending) ? k.slice(0, -ending.length) + now : k),
      key,
    );
    if (Object.hasOwn(tiedKeys, renamed)) {
      copies.set(tiedKeys[renamed], key);
      continue;
    }
    const spelled = [renamed, basePrefix + renamed];
    if (renamed.startsWith(basePrefix)) spelled.push(renamed.slice(basePrefix.length));
    const name = spelled.find((candidate) => names.has(candidate));
    if (name !== undefined) found.set(name, key);
    else if (!surplus?.test(key)) unexpected.push(key);
  }
  for (const [name, key] of copies) if (!found.has(name)) found.set(name, key);
  return { found, copies, unexpected };
}

/** A checkpoint that holds both of two tied tensors, with other values, was trained without the tie. */
async function checkCopies(checkpoint: TensorSource, found: MatchedKeys["found"], copies: MatchedKeys["copies"]) {
  for (const [name, copy] of copies) {
    const key = found.get(name);
    if (key === undefined || key === copy) continue;
    const [a, b] = [await checkpoint.read(key), await checkpoint.read(copy)];
    if (Buffer.compare(a, b) !== 0) {
      throw new ConfigError(
        `${checkpoint.path}: ${key} and ${copy} differ, and the config ties them; pass { tie_word_embeddings: false } to ` +
          "load them as two",
      );
    }
  }
}

/** "encoder.layer.6..." in a checkpoint without prefix, for a model that has encoder.layer.0. */
function belongsToEncoder(model: PreTrainedModel, key: string, { basePrefix, optional }: CheckpointSpelling): boolean {
  const [top] = key.split(".", 1);
  return (
    !optional.test(key) && Array.from(model.namedParameters()).some(([name]) => name.startsWith(`${basePrefix}${top}.`))
  );
}

/**
 * Normal with the model's deviation for weights, zero for biases and the rows of padding, one for the gains of LayerNorms, as
 * BERT does; unless the model has values of its own.
 */
export function initialize(model: PreTrainedModel, parameters: Iterable<[string, Parameter]>): void {
  const gains = new Set<Parameter>();
  const paddingRows = new Map<Parameter, number | undefined>();
  for (const [, module] of model.namedModules() as Iterable<[string, Module]>) {
    if (module instanceof LayerNorm) gains.add(module.weight);
    if (module instanceof Embedding) paddingRows.set(module.weight, module.paddingIndex);
  }
  for (const [name, parameter] of parameters) {
    const own = model.initialValues(name);
    if (own) parameter.write_(own);
    else if (gains.has(parameter)) parameter.fill_(1);
    else if (parameter.rank < 2) parameter.fill_(0);
    else initializeNormal(parameter, model.initialDeviation(name), paddingRows.get(parameter));
  }
}

function nameOf(model: PreTrainedModel): string {
  return model.constructor.name;
}
