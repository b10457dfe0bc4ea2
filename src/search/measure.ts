// Where values lie in their domains: the measure in which trials are drawn, compared and shown. Nothing else is needed for
// it, so that the dashboard's page has it, too.
import type { Domain, LogUniform, Uniform, Value } from "./space.js";

/** The value at a share of a range, from 0 at `low` to 1 at `high`, in the domain's own measure; the ends are exact. */
export function atShare({ type, low, high }: Uniform | LogUniform, share: number): number {
  if (share <= 0) return low;
  if (share >= 1) return high;
  const value =
    type === "uniform"
      ? low + (high - low) * share
      : Math.exp(Math.log(low) + (Math.log(high) - Math.log(low)) * share);
  return Math.min(high, Math.max(low, value));
}

/**
 * Where a value lies in its domain: of a range from 0 (`low`) to 1 (`high`) in its own measure, of a choice the place among
 * its values.
 */
export function shareOf(domain: Domain, value: Value): number {
  if (domain.type === "choice") return domain.values.indexOf(value);
  const { type, low, high } = domain;
  if (low === high) return 0;
  return type === "log-uniform"
    ? (Math.log(Number(value)) - Math.log(low)) / (Math.log(high) - Math.log(low))
    : (Number(value) - low) / (high - low);
}
