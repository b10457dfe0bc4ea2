// Base of all models: a config, weights from a checkpoint, and back.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Batch } from "../batches/index.js";
import { writeSafetensors } from "../checkpoint/index.js";
import { Module } from "../nn/index.js";
import { version } from "../support/version.js";
import { type CommonConfig, writeConfig } from "./config.js";

export abstract class PreTrainedModel<Config extends CommonConfig = CommonConfig> extends Module {
  readonly config: Config;

  constructor(config: Config) {
    super();
    this.config = config;
  }

  abstract override forward(batch: Batch): unknown;

  /** Entries of a batch that forward takes beside labels. */
  abstract get inputNames(): readonly string[];

  /** Entries of a batch that the loss is computed from. */
  get labelNames(): readonly string[] {
    return [];
  }

  /**
   * Tied weights: second keys, and the parameter that each is. There is one tensor; it is saved once, under the
   * parameter's name, and loaded from whichever key a checkpoint has.
   */
  get tiedKeys(): Readonly<Record<string, string>> {
    return {};
  }

  /**
   * Writes config.json and model.safetensors into `folder` (made if missing), each whole or not at all. Python's
   * `from_pretrained` loads it.
   */
  async savePretrained(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    const { architecture } = this.constructor as typeof PreTrainedModel & { readonly architecture?: string };
    await writeConfig(folder, {
      ...this.config,
      architectures: architecture ? [architecture] : this.config.architectures,
      dtype: "float32",
      attune_version: version,
    });
    await writeSafetensors(
      join(folder, "model.safetensors"),
      Array.from(this.namedParameters(), ([name, parameter]) => ({
        name,
        dtype: "F32" as const,
        shape: parameter.shape,
        data: async () => Float32Array.from(await parameter.data()),
      })),
    );
  }
}
