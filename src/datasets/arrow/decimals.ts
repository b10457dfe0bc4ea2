// Decimals: integers with a scale, which datasets give as numbers. A number stands for the decimal that it is printed as, and
// what a decimal cannot hold exactly, or a number cannot say exactly, is refused rather than rounded.
import { ConfigError } from "../../support/errors.js";
import { type ScalarType, typeOfDtype } from "./types.js";

export type DecimalType = Extract<ScalarType, { kind: "decimal" }>;

const known = new Map<string, DecimalType>();

/** The type that a dtype names. Throws ConfigError where it is no decimal. */
export function decimalOf(dtype: string): DecimalType {
  let type = known.get(dtype);
  if (type === undefined) {
    const named = typeOfDtype(dtype);
    if (named?.kind !== "decimal") throw new ConfigError(`${dtype} is no type of decimals: decimal128(10, 2) is one`);
    type = named;
    known.set(dtype, type);
  }
  return type;
}

const EXACT_DIGITS = 10n ** 15n; // below it every decimal is printed as it is written
const MOST_DIGITS = 100; // more than any type has

/** The integer that stands for `value` with the type's scale; undefined where the type does not hold the value exactly. */
export function unscaledOf(value: number, { precision, scale }: DecimalType): bigint | undefined {
  return parseDecimal(String(value), { precision, scale });
}

/** The integer that stands for a text, "-1.50" or "3e-2"; undefined as for unscaledOf. */
export function parseDecimal(
  text: string,
  { precision, scale }: Pick<DecimalType, "precision" | "scale">,
): bigint | undefined {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const digits = BigInt(whole + fraction);
  const shift = scale + Number(exponent) - fraction.length;
  const divisor = 10n ** BigInt(Math.max(0, -shift));
  if (digits % divisor !== 0n) return undefined;
  const unscaled = (digits * 10n ** BigInt(Math.max(0, shift))) / divisor;
  if (!isWithin(unscaled, precision)) return undefined;
  return sign === "-" ? -unscaled : unscaled;
}

/** Whether an integer has no more digits than a decimal of `precision`. */
export function isWithin(unscaled: bigint, precision: number): boolean {
  const most = 10n ** BigInt(precision);
  return unscaled < most && unscaled > -most;
}

/** The number that is printed as the decimal; undefined where none is, for it has too many digits. */
export function numberOfDecimal(unscaled: bigint, type: DecimalType): number | undefined {
  const number = Number(`${unscaled}e${-type.scale}`);
  if (unscaled < EXACT_DIGITS && unscaled > -EXACT_DIGITS) return number;
  return unscaledOf(number, { ...type, precision: MOST_DIGITS }) === unscaled ? number : undefined;
}

/** The decimal as Arrow spells it: "-0.050", and "1.2E-8" where more than six zeros would follow the point. */
export function decimalText(unscaled: bigint, scale: number): string {
  const sign = unscaled < 0n ? "-" : "";
  const digits = String(unscaled < 0n ? -unscaled : unscaled);
  const exponent = digits.length - 1 - scale;
  if (scale < 0 || exponent < -6) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${fraction}E${exponent < 0 ? "" : "+"}${exponent}`;
  }
  if (scale === 0) return sign + digits;
  const padded = digits.padStart(scale + 1, "0");
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

/**
 * The nearest number that the type holds, of two that are as near the even one, as Arrow's own conversion of floats does;
 * undefined where it is outside of the type's precision or no number.
 */
export function roundedToDecimal(value: number, type: DecimalType): number | undefined {
  if (unscaledOf(value, type) !== undefined) return value;
  if (!Number.isFinite(value)) return undefined;
  // value = mantissa * 2 ** exponent, exactly
  let [mantissa, exponent] = [value, 0];
  while (!Number.isInteger(mantissa)) [mantissa, exponent] = [mantissa * 2, exponent - 1];
  const divisor = 2n ** BigInt(-exponent) * 10n ** BigInt(Math.max(0, -type.scale));
  const scaled = BigInt(mantissa) * 10n ** BigInt(Math.max(0, type.scale));
  const unscaled = dividedEvenly(scaled, divisor);
  return isWithin(unscaled, type.precision) ? Number(`${unscaled}e${-type.scale}`) : undefined;
}

/** The quotient, rounded to the nearest integer, of two as near to the even one. */
function dividedEvenly(dividend: bigint, divisor: bigint): bigint {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const [quotient, rest] = [magnitude / divisor, magnitude % divisor];
  const isUp = 2n * rest > divisor || (2n * rest === divisor && quotient % 2n === 1n);
  const rounded = quotient + (isUp ? 1n : 0n);
  return dividend < 0n ? -rounded : rounded;
}
