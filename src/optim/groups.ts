// An optimizer's groups by the names of parameters: learning rates and decay for parts of a model.
import { type Module, matchingNames, type NamePattern } from "../nn/index.js";
import type { Tensor } from "../tensor/index.js";
import type { AdamWOptions, ParameterGroup } from "./adamw.js";

/** What holds for the parameters that a pattern, or one of several, matches. */
export interface GroupRule extends AdamWOptions {
  readonly match: NamePattern | readonly NamePattern[];
}

/**
 * The model's trainable parameters in groups: every rule that matches a parameter holds for it, a later one before an
 * earlier; parameters for which the same holds make a group, groups come in the order of their first parameters. What no
 * rule says is the optimizer's own.
 *
 *     new AdamW(parameterGroups(model, [
 *       { match: ["*.bias", "*LayerNorm.weight"], weightDecay: 0 },
 *       { match: "classifier", lr: 1e-3 },
 *     ]), { lr: 5e-5 });
 *
 * @throws ConfigError for a pattern that matches no parameter
 */
export function parameterGroups(model: Module, rules: readonly GroupRule[]): ParameterGroup[] {
  const named = [...model.namedParameters()];
  const names = named.map(([name]) => name);
  const options = new Map<string, AdamWOptions>();
  for (const { match, ...own } of rules) {
    const patterns: readonly NamePattern[] = typeof match === "string" || match instanceof RegExp ? [match] : match;
    for (const name of patterns.flatMap((pattern) => matchingNames(names, pattern))) {
      options.set(name, { ...options.get(name), ...own });
    }
  }
  const groups = new Map<string, { params: Tensor[] } & AdamWOptions>();
  for (const [name, parameter] of named) {
    if (!parameter.requiresGrad) continue;
    const own = options.get(name) ?? {};
    const key = JSON.stringify([own.lr, own.betas, own.eps, own.weightDecay]);
    const group = groups.get(key);
    if (group) group.params.push(parameter);
    else groups.set(key, { params: [parameter], ...own });
  }
  return [...groups.values()];
}
