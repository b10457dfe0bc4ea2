// A space as a command line says it: NAME=8,16,32, NAME=int:2..4, NAME=uniform:0..0.1, NAME=log-uniform:1e-5..1e-3.
import { nearest } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { type Field, kebabCase, type Schema } from "../trainer/fields.js";
import { UsageError } from "./flags.js";

const RANGES = ["uniform", "log-uniform", "int"] as const;

/** How domains are written, for --help and messages. */
export const domainForms = "8,16,32 | int:2..4 | uniform:0..0.1 | log-uniform:1e-5..1e-3";

/**
 * Domains of words, by the names of the flags that they are for; whether they make sense is hyperparameterSearch's to say.
 * @param flags What may be searched.
 * @throws UsageError for a word that is no domain, or no flag's
 */
export function domainsOf(words: readonly string[], flags: Schema): Record<string, object> {
  const domains: Record<string, object> = {};
  for (const word of words) {
    const [, spelled = "", text = ""] = /^([^=]+)=(.+)$/.exec(word) ?? [];
    if (spelled === "") throw new UsageError(`"${word}" is no parameter to search: NAME=${domainForms}`);
    const name = flagOf(spelled, flags);
    if (Object.hasOwn(domains, name)) throw new UsageError(`${spelled} is searched twice`);
    domains[name] = domainOf(text, spelled, flags[name]);
  }
  return domains;
}

/** Domains of a JSON file's content, under the names of flags. @throws UsageError */
export function domainsIn(json: unknown, path: string, flags: Schema): Record<string, object> {
  if (!isObject(json)) {
    throw new UsageError(
      `${path} must hold an object of domains: {"learningRate": {"type": "uniform", "low": 0, "high": 1}}`,
    );
  }
  return Object.fromEntries(Object.entries(json).map(([name, domain]) => [flagOf(name, flags), domain as object]));
}

/** The flag that a name means: learning-rate, --learning-rate, learning_rate or learningRate. */
function flagOf(spelled: string, flags: Schema): string {
  const wanted = kebabCase(spelled.replace(/^--/, "")).replaceAll("_", "-");
  const names = new Map(Object.keys(flags).map((name) => [kebabCase(name), name]));
  const name = names.get(wanted);
  if (name !== undefined) return name;
  const near = nearest(wanted, names.keys());
  throw new UsageError(`there is no ${spelled} to search${near ? `; did you mean ${near}?` : "."}`);
}

function domainOf(text: string, name: string, field: Field): object {
  const [, type, rest] = /^([a-z-]+):(.*)$/i.exec(text) ?? [];
  if (type === "choice" || type === undefined) {
    const values = (rest ?? text).split(",").map((value) => field.parse(value.trim()));
    const wrong = values.find((value) => field.refuse(value) !== undefined);
    if (wrong === undefined) return { type: "choice", values };
    const range = /^\S+\.\.\S+$/.test(text)
      ? `; a range says which: uniform:${text}, log-uniform:${text} or int:${text}`
      : "";
    throw new UsageError(`${name} must be ${field.refuse(wrong)}, not ${JSON.stringify(wrong)}${range}`);
  }
  if (!(RANGES as readonly string[]).includes(type)) {
    const near = nearest(type, [...RANGES, "choice"]);
    throw new UsageError(`${name}: there is no ${type}${near ? `; did you mean ${near}?` : `, but ${domainForms}`}`);
  }
  const [, low, high, , count] = /^(.+?)\.\.(.+?)(\/(.+))?$/.exec(rest) ?? [];
  const numbers = [low, high, ...(count === undefined ? [] : [count])].map(Number);
  if (low === undefined || numbers.some(Number.isNaN)) {
    throw new UsageError(
      `${name}: "${rest}" is no range: LOW..HIGH, as in ${type}:${type === "int" ? "1..5" : "0.001..0.1"}`,
    );
  }
  const domain = { type, low: numbers[0], high: numbers[1] };
  return count === undefined ? domain : { ...domain, [type === "int" ? "step" : "points"]: numbers[2] };
}
