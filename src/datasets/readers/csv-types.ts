// The types of CSV columns, told from their texts as pandas does (whose reader Python's datasets uses), but whole numbers
// stay whole where some are missing.
import { info } from "../../support/log.js";
import { parseNumber } from "../convert.js";
import { type Feature, Value } from "../features.js";

/** Which texts stand for a missing value. */
export interface MissingOptions {
  /** Texts that mean "no value", beside the usual ones. Default: none. */
  naValues?: readonly string[];
  /** Take the empty text and "NA", "NaN", "null", "None", "N/A" and their like as missing, as Python does. Default true. */
  keepDefaultNa?: boolean;
}

// pandas 2.3, _libs/parsers.pyx: STR_NA_VALUES
const USUAL = " #N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null"
  .trim()
  .split("|");

/** The texts that stand for a missing value. */
export function missingTexts({ naValues = [], keepDefaultNa = true }: MissingOptions): ReadonlySet<string> {
  return new Set([...(keepDefaultNa ? ["", ...USUAL] : []), ...naValues]);
}

const INTEGER = /^\s*[+-]?\d+\s*$/;
const BOOLEAN = /^(true|false)$/i;

export type Kind = "null" | "bool" | "int64" | "float64" | "string";

/** What is known of a column's type after the values seen so far. */
export class ColumnType {
  #kind: Kind = "null";

  /** It is text whatever else is seen. */
  get isText(): boolean {
    return this.#kind === "string";
  }

  /** Takes a text into account; a missing one says nothing. */
  see(text: string, missing: ReadonlySet<string>): void {
    if (!this.isText && !missing.has(text)) this.seeKind(kindOfText(text));
  }

  /** Takes texts into account of which this is known. */
  seeKind(kind: Kind): void {
    if (this.#kind === "null" || this.#kind === kind) this.#kind = kind;
    else if (isNumeric(kind) && isNumeric(this.#kind)) this.#kind = "float64";
    else this.#kind = "string";
  }

  get feature(): Value {
    return new Value(this.#kind);
  }
}

/** Says that `words` texts of a column of text were taken as missing: in a column of numbers nobody doubts it. */
export function reportMissing(file: string, name: string, words: number): void {
  if (words === 0) return;
  info(
    `${file}: in column "${name}", ${words} texts such as NA, null or None were taken as missing values, as Python ` +
      "does; { keepDefaultNa: false } keeps them as texts",
  );
}

/** Whether a text that is not missing can stand in a column of an inferred type. */
export function isOfType(text: string, { dtype }: Value): boolean {
  if (dtype === "string") return true;
  const kind = kindOfText(text);
  return kind === dtype || (kind === "int64" && dtype === "float64");
}

function isNumeric(kind: Kind): boolean {
  return kind === "int64" || kind === "float64";
}

function kindOfText(text: string): Kind {
  if (INTEGER.test(text)) return Number.isSafeInteger(Number(text)) ? "int64" : "string"; // as a number it would lose digits
  if (parseNumber(text.trim()) !== undefined) return "float64";
  return BOOLEAN.test(text) ? "bool" : "string";
}

/** What turns the texts of a column of an inferred type into its values; missing ones are not asked about. */
export function parserOf(feature: Feature): (text: string) => unknown {
  switch (feature instanceof Value ? feature.dtype : "string") {
    case "int64":
      return Number;
    case "float64":
      return (text) => parseNumber(text.trim());
    case "bool":
      return (text) => text.toLowerCase() === "true";
    default:
      return (text) => text;
  }
}
