// The datasets whose rows the compiler knows by name and configuration.
import type { GlueConfig, GlueRow } from "./glue.js";

type GlueRows<Path extends string> = { [Config in GlueConfig as `${Path}#${Config}`]: GlueRow<Config> };

/**
 * Rows by `name#configuration`: what loadDataset gives where both are written out. `attune types DATASET --config NAME`
 * writes a declaration that adds one:
 * `declare module "attune/datasets" { interface KnownDatasets { "user/reviews#default": ReviewsRow } }`.
 */
export interface KnownDatasets extends GlueRows<"glue">, GlueRows<"nyu-mll/glue"> {}

/** The name of a dataset of which some configuration is known. */
export type KnownPath = keyof KnownDatasets extends infer Key
  ? Key extends `${infer Path}#${string}`
    ? Path
    : never
  : never;

/** A known configuration of a dataset. */
export type KnownConfig<Path extends string> = keyof KnownDatasets extends infer Key
  ? Key extends `${Path}#${infer Config}`
    ? Config
    : never
  : never;

/** The rows of a known configuration. */
export type KnownRow<Path extends string, Config extends string> = `${Path}#${Config}` extends infer Key extends
  keyof KnownDatasets
  ? KnownDatasets[Key]
  : never;
