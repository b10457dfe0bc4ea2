// Values of one feature as values of another: what `cast` and files with declared features do. What can be converted, and
// how numbers, booleans and dates are spelt, is Arrow's safe cast; labels are converted as Python's datasets does.
import {
  decimalOf,
  decimalText,
  numberOfDecimal,
  parseDecimal,
  roundedToDecimal,
  unscaledOf,
} from "./arrow/decimals.js";
import { integerRanges, kindOf } from "./dtypes.js";
import { inexactInteger, isJsonValue } from "./exact-json.js";
import {
  ClassLabel,
  describeFeature,
  type Feature,
  isStruct,
  Json,
  List,
  type StructFeature,
  Value,
} from "./features.js";
import { fits } from "./infer.js";
import { isFile } from "./named-features.js";

/** Turns a value that is not null into another. */
export type Convert = (value: unknown) => unknown;

/** Told, in words, of a value that cannot be converted ("the string "x", which is no number"); never returns. */
export type Refuse = (reason: string) => never;

/** Leaves values as they are: compare with it to know that nothing has to be done. */
export const keep: Convert = (value) => value;

/** A pair of features between which there is no conversion, whatever the values. */
export class NoConversion {
  readonly reason: string;

  constructor(from: Feature, to: Feature, hint = "") {
    this.reason = `${describeFeature(from)} cannot become ${describeFeature(to)}${hint}`;
  }
}

/** The conversion of values of `from` into those of `to`; null stays null in it. */
export function conversion(from: Feature, to: Feature, refuse: Refuse): Convert | NoConversion {
  const convert = convertNonNull(from, to, refuse);
  if (convert instanceof NoConversion || convert === keep) return convert;
  return (value) => (value === null || value === undefined ? null : convert(value));
}

function convertNonNull(from: Feature, to: Feature, refuse: Refuse): Convert | NoConversion {
  if (from instanceof Value && from.dtype === "null") return () => null;
  if (to instanceof Json) return toJson(from, refuse);
  if (from instanceof Json) return fromJson(to, refuse);
  if (to instanceof ClassLabel) return toLabel(from, to, refuse);
  if (to instanceof List) return from instanceof List ? toList(from, to, refuse) : new NoConversion(from, to);
  if (to instanceof Value) {
    if (from instanceof Value) return toValue(from, to, refuse);
    if (from instanceof ClassLabel) return toValue(new Value("int64"), to, refuse);
    return new NoConversion(from, to);
  }
  if (from instanceof Value && isFile(to)) return toFile(from, to);
  return isStruct(from) ? toStruct(from, to, refuse) : new NoConversion(from, to);
}

/** Text is taken for JSON; other values that JSON has stay as they are. */
function toJson(from: Feature, refuse: Refuse): Convert {
  if (from instanceof Json) return keep;
  const isText = from instanceof Value && kindOf(from.dtype) === "string";
  return (value) => {
    if (!isText) return isJsonValue(value) ? value : refuse(`${String(value)}, which JSON does not have`);
    const text = String(value);
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return refuse(`the string ${JSON.stringify(text.slice(0, 60))}, which is no JSON`);
    }
    const inexact = inexactInteger(text);
    return inexact === undefined ? parsed : refuse(`the integer ${inexact}, too large to be exact as a number`);
  };
}

/** As text, or as what each value is. */
function fromJson(to: Feature, refuse: Refuse): Convert {
  if (to instanceof Value && kindOf(to.dtype) === "string") return (value) => JSON.stringify(value);
  return (value) =>
    fits(to, value) ? value : refuse(`${JSON.stringify(value).slice(0, 60)}, which is no ${describeFeature(to)}`);
}

/** Text is the path of a file, bytes are what is in it. */
function toFile(from: Value, to: StructFeature): Convert | NoConversion {
  const kind = kindOf(from.dtype);
  if (kind === "string") return (value) => ({ bytes: null, path: value });
  return kind === "binary" ? (value) => ({ bytes: value, path: null }) : new NoConversion(from, to);
}

function toList(from: List, to: List, refuse: Refuse): Convert | NoConversion {
  const convert = conversion(from.feature, to.feature, refuse);
  if (convert instanceof NoConversion) return convert;
  if (convert === keep && (to.length === -1 || to.length === from.length)) return keep;
  return (value) => {
    const values = value as ArrayLike<unknown>;
    if (to.length !== -1 && values.length !== to.length) {
      return refuse(`a list of ${values.length}, where lists of ${to.length} are asked for`);
    }
    return convert === keep ? values : Array.from(values, convert);
  };
}

/** Fields are matched by name; a field that `from` lacks is null, one that `to` lacks would be lost. */
function toStruct(from: StructFeature, to: StructFeature, refuse: Refuse): Convert | NoConversion {
  const lost = Object.keys(from).find((name) => !Object.hasOwn(to, name));
  if (lost !== undefined) return new NoConversion(from, to, `: its field "${lost}" would be lost`);
  const fields: (readonly [string, Convert])[] = [];
  for (const [name, feature] of Object.entries(to)) {
    const convert = Object.hasOwn(from, name) ? conversion(from[name], feature, refuse) : () => null;
    if (convert instanceof NoConversion) return convert;
    fields.push([name, convert]);
  }
  return (value) => {
    const struct = value as Readonly<Record<string, unknown>>;
    return Object.fromEntries(fields.map(([name, convert]) => [name, convert(struct[name] ?? null)]));
  };
}

function toLabel(from: Feature, to: ClassLabel, refuse: Refuse): Convert | NoConversion {
  if (from instanceof ClassLabel) {
    const moved = from.names.find((name, i) => to.names.includes(name) && to.names[i] !== name);
    if (moved !== undefined) {
      const hint = `: "${moved}" is class ${from.names.indexOf(moved)} in one and ${to.names.indexOf(moved)} in the other`;
      return new NoConversion(from, to, `${hint}. alignLabelsWithMapping changes the labels with their names`);
    }
  }
  const count = to.names.length;
  const checked: Convert = (value) => {
    if (Number.isInteger(value) && (value as number) >= -1 && (value as number) < count) return value;
    return refuse(`the label ${String(value)}, outside the ${count} classes of ${describeFeature(to)}`);
  };
  if (from instanceof ClassLabel) return checked;
  if (!(from instanceof Value)) return new NoConversion(from, to);
  switch (kindOf(from.dtype)) {
    case "integer":
    case "float":
      return checked;
    case "bool":
      return (value) => checked(Number(value));
    case "string":
      return (value) => {
        const text = String(value);
        try {
          return to.str2int(text);
        } catch {
          return refuse(`${JSON.stringify(text)}, which is no name of ${describeFeature(to)}`);
        }
      };
    default:
      return new NoConversion(from, to);
  }
}

function toValue(from: Value, to: Value, refuse: Refuse): Convert | NoConversion {
  if (from.dtype === to.dtype) return keep;
  const [source, target] = [kindOf(from.dtype), kindOf(to.dtype)];
  switch (target) {
    case "integer":
      return toInteger(from, to, refuse);
    case "float":
      return toFloat(from, to, refuse);
    case "bool":
      if (source === "integer" || source === "float") return (value) => value !== 0;
      return source === "string" ? (value) => parseBoolean(String(value), refuse) : new NoConversion(from, to);
    case "string":
      return toText(from, to, refuse);
    case "binary":
      if (source === "binary") return keep;
      return source === "string" ? (value) => new TextEncoder().encode(String(value)) : new NoConversion(from, to);
    case "date":
    case "timestamp":
      return toDate(from, to, refuse);
    case "decimal":
      return toDecimal(from, to, refuse);
    default:
      return new NoConversion(from, to);
  }
}

function toInteger(from: Value, to: Value, refuse: Refuse): Convert | NoConversion {
  const [least, most] = integerRanges.get(to.dtype) ?? [0, 0];
  const checked = (value: number): number => {
    if (!Number.isInteger(value)) return refuse(`${value}, which is no whole number`);
    if (value >= least && value <= most) return value;
    return refuse(`${value}, outside the range ${least} to ${most} of ${to.dtype}`);
  };
  switch (kindOf(from.dtype)) {
    case "integer": {
      const [smallest, largest] = integerRanges.get(from.dtype) ?? [0, 0];
      return smallest >= least && largest <= most ? keep : (value) => checked(value as number);
    }
    case "float":
    case "decimal":
      return (value) => checked(value as number);
    case "bool":
      return (value) => Number(value);
    case "string":
      return (value) => {
        const text = String(value);
        if (!/^-?\d+$/.test(text)) return refuse(`the string ${JSON.stringify(text)}, which is no whole number`);
        return checked(Number(text));
      };
    default:
      return new NoConversion(from, to);
  }
}

/** Floats are rounded to the scale, as Arrow does it; everything else is exact or refused. */
function toDecimal(from: Value, to: Value, refuse: Refuse): Convert | NoConversion {
  const type = decimalOf(to.dtype);
  const exact = (value: number, shown: string): number => {
    return unscaledOf(value, type) === undefined ? refuse(`${shown}, which ${to.dtype} does not hold exactly`) : value;
  };
  switch (kindOf(from.dtype)) {
    case "integer":
    case "decimal":
      return (value) => exact(value as number, String(value));
    case "float":
      return (value) => roundedToDecimal(value as number, type) ?? refuse(`${String(value)}, outside of ${to.dtype}`);
    case "string":
      return (value) => {
        const text = String(value);
        const unscaled = parseDecimal(text, type);
        const number = unscaled === undefined ? undefined : numberOfDecimal(unscaled, type);
        return (
          number ?? refuse(`the string ${JSON.stringify(text)}, which ${to.dtype} or a number does not hold exactly`)
        );
      };
    default:
      return new NoConversion(from, to);
  }
}

/** The largest integer up to which a float type holds every one. */
const EXACT_INTEGERS: ReadonlyMap<string, number> = new Map([
  ["float16", 2 ** 11],
  ["float32", 2 ** 24],
  ["float64", 2 ** 53],
]);

function toFloat(from: Value, to: Value, refuse: Refuse): Convert | NoConversion {
  const round = to.dtype === "float32" ? Math.fround : (value: number) => value; // float16 is rounded where it is stored
  switch (kindOf(from.dtype)) {
    case "integer": {
      const exact = EXACT_INTEGERS.get(to.dtype) ?? 0;
      return (value) => {
        if (Math.abs(value as number) <= exact) return value;
        return refuse(`${String(value)}, which is not exact as ${to.dtype}: integers are up to ${exact}`);
      };
    }
    case "float":
    case "decimal":
      return to.dtype === "float32" ? (value) => round(value as number) : keep;
    case "bool":
      return (value) => Number(value);
    case "string":
      return (value) => round(parseFloatText(String(value), refuse));
    default:
      return new NoConversion(from, to);
  }
}

function parseFloatText(text: string, refuse: Refuse): number {
  return parseNumber(text) ?? refuse(`the string ${JSON.stringify(text)}, which is no number`);
}

/** The number that a text spells, `inf` and `nan` among them; undefined where it spells none. */
export function parseNumber(text: string): number | undefined {
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return Number(text);
  const special = /^([+-]?)(inf(?:inity)?|nan)$/i.exec(text);
  if (special === null) return undefined;
  if (special[2].toLowerCase() === "nan") return Number.NaN;
  return special[1] === "-" ? -Infinity : Infinity;
}

function parseBoolean(text: string, refuse: Refuse): boolean {
  if (/^(true|1)$/i.test(text)) return true;
  if (/^(false|0)$/i.test(text)) return false;
  return refuse(`the string ${JSON.stringify(text)}, where true, false, 1 or 0 is asked for`);
}

function toText(from: Value, to: Value, refuse: Refuse): Convert | NoConversion {
  switch (kindOf(from.dtype)) {
    case "string":
      return keep;
    case "integer":
    case "bool":
      return String;
    case "float": {
      const single = from.dtype === "float32";
      return (value) => floatText(value as number, single);
    }
    case "decimal": {
      const type = decimalOf(from.dtype);
      return (value) => decimalText(unscaledOf(value as number, type) ?? 0n, type.scale);
    }
    case "binary": {
      const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
      return (value) => {
        try {
          return decoder.decode(value as Uint8Array);
        } catch {
          return refuse("bytes that are no UTF-8");
        }
      };
    }
    case "date":
      return (value) => (value as Date).toISOString().slice(0, 10);
    case "timestamp": {
      const digits = { s: 0, ms: 3, us: 6, ns: 9 }[/^timestamp\[(\w+)/.exec(from.dtype)?.[1] ?? "ms"] ?? 3;
      const zone = from.dtype.includes("tz=") ? "Z" : "";
      return (value) => {
        const [seconds, fraction] = (value as Date).toISOString().replace("T", " ").slice(0, -1).split(".");
        return `${seconds}${digits === 0 ? "" : `.${fraction.padEnd(digits, "0").slice(0, digits)}`}${zone}`;
      };
    }
    default:
      return new NoConversion(from, to);
  }
}

/** A float as Arrow spells it: the fewest digits that are exact, with an exponent from 1e10 on and below 1e-6. */
export function floatText(value: number, single = false): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  let shortest = value;
  if (single) {
    for (let digits = 1; digits <= 9; digits++) {
      shortest = Number(value.toPrecision(digits));
      if (Math.fround(shortest) === value) break;
    }
  }
  const exponential = shortest.toExponential();
  const exponent = Number(exponential.slice(exponential.indexOf("e") + 1));
  return exponent >= -6 && exponent < 10 ? String(shortest) : exponential;
}

function toDate(from: Value, to: Value, refuse: Refuse): Convert | NoConversion {
  const [source, target] = [kindOf(from.dtype), kindOf(to.dtype)];
  const millisecondsOf: Readonly<Record<string, number>> = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 };
  const unit = millisecondsOf[/^timestamp\[(\w+)/.exec(to.dtype)?.[1] ?? ""] ?? 86_400_000;
  const checked = (date: Date): Date => {
    if (date.getTime() % unit === 0 || unit < 1) return date;
    return refuse(`${date.toISOString()}, of which ${to.dtype} would lose a part`);
  };
  if (source === "date" || source === "timestamp") return (value) => checked(value as Date);
  if (source === "integer") return (value) => new Date((value as number) * (target === "date" ? 86_400_000 : unit));
  if (source !== "string") return new NoConversion(from, to);
  const form =
    target === "date" ? /^\d{4}-\d\d-\d\d$/ : /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)?Z?$/;
  return (value) => {
    const text = String(value);
    const date = new Date(`${text.replace(" ", "T").replace(/Z$/, "")}${text.length > 10 ? "Z" : ""}`);
    if (!form.test(text) || Number.isNaN(date.getTime())) {
      return refuse(`the string ${JSON.stringify(text)}, which is no ${target} as ISO 8601 spells it`);
    }
    return checked(date);
  };
}
