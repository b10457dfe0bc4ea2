// Where results are cached: a folder of our own within the one of Python's datasets, which reads nothing in it.
import { join } from "node:path";
import { expandPath, hubHome, variable } from "../../hub/index.js";
import { ConfigError } from "../../support/errors.js";

/** `attune` in HF_DATASETS_CACHE, else in `datasets` in HF_HOME, else in ~/.cache/huggingface/datasets. */
export function cacheDirectory(): string {
  const datasets = variable("HF_DATASETS_CACHE");
  return join(datasets === undefined ? join(hubHome(), "datasets") : expandPath(datasets), "attune");
}

const DEFAULT_BUDGET = "20GB";
const UNITS: Readonly<Record<string, number>> = { "": 1, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** The bytes that cached results may take: ATTUNE_CACHE_BUDGET, 20 GB by default. Throws ConfigError where it is no size. */
export function cacheBudget(): number {
  return parseBytes(variable("ATTUNE_CACHE_BUDGET") ?? DEFAULT_BUDGET, "ATTUNE_CACHE_BUDGET");
}

/** A number of bytes, "500MB" say. Throws ConfigError, naming `source`, where it is none. */
export function parseBytes(text: string, source: string): number {
  const [, number, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]B)?\s*$/i.exec(text) ?? [];
  if (number === undefined)
    throw new ConfigError(`${source} is "${text}": give bytes, or a size such as 500MB or 20GB`);
  return Number(number) * UNITS[unit.toUpperCase()];
}
