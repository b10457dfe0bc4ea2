// The flags of `train` that ask for an adapter in place of training all weights.
import type { LoraOptions } from "../peft/config.js";
import { choice, integer, number, text, type ValuesOf } from "../trainer/fields.js";
import { UsageError } from "./flags.js";

export const adapterFlags = {
  loraR: integer({
    default: undefined,
    min: 1,
    help: "rank of LoRA's updates: train an adapter, and write that instead of a model",
    defaultNote: "no adapter",
  }),
  loraAlpha: number({
    default: undefined,
    above: 0,
    help: "updates are scaled by it / rank",
    defaultNote: "twice the rank",
  }),
  loraDropout: number({ default: 0, min: 0, below: 1, help: "dropout of the updates' inputs" }),
  loraTargetModules: text({
    default: undefined,
    placeholder: "NAMES",
    help: "layers to adapt, by the ends of their names, with commas between; all-linear: all but the head",
    defaultNote: "query and value",
  }),
  loraBias: choice(["none", "all", "lora_only"], { default: "none", help: "biases that train, too" }),
} as const;

/** What the flags ask for; undefined without --lora-r. @throws UsageError where others are given without it */
export function adapterOf(values: ValuesOf<typeof adapterFlags>, given: ReadonlySet<string>): LoraOptions | undefined {
  const { loraR: r, loraAlpha, loraDropout, loraTargetModules: targets, loraBias: bias } = values;
  if (r === undefined) {
    const lost = Object.keys(adapterFlags).find((name) => given.has(name));
    if (lost) throw new UsageError("flags that begin with --lora- say what adapter; --lora-r asks for one");
    return undefined;
  }
  const names = targets?.split(",").map((name) => name.trim());
  const targetModules = targets === "all-linear" ? targets : names;
  return { r, loraAlpha: loraAlpha ?? 2 * r, loraDropout, targetModules, bias };
}
