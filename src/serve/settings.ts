// What a request may say beside its inputs: each setting with its schema, its default and how it is read.
import { HttpError } from "./http-error.js";
import type { JsonSchema } from "./service.js";

export interface Setting<Value> {
  readonly schema: JsonSchema;
  readonly default: Value;
  /** @throws HttpError 400 naming the setting */
  read(value: unknown, name: string): Value;
}

export type SettingFields<Settings extends object> = { readonly [Name in keyof Settings]: Setting<Settings[Name]> };

/** The settings of a request's body, with defaults for those that it does not say. */
export function readSettings<Settings extends object>(
  fields: SettingFields<Settings>,
  body: Readonly<Record<string, unknown>>,
): Settings {
  const read = (name: keyof Settings & string) =>
    body[name] === undefined ? fields[name].default : fields[name].read(body[name], name);
  const names = Object.keys(fields) as (keyof Settings & string)[];
  return Object.fromEntries(names.map((name) => [name, read(name)])) as Settings;
}

/** A whole number from `min` (default 1) to `max`. */
export function count<Default extends number | undefined>(about: {
  readonly default: Default;
  readonly description: string;
  readonly min?: number;
  readonly max?: number;
}): Setting<number | Default> {
  const { min = 1, max = Infinity, description } = about;
  return {
    schema: {
      type: "integer",
      minimum: min,
      ...(Number.isFinite(max) ? { maximum: max } : {}),
      ...(about.default === undefined ? {} : { default: about.default }),
      description,
    },
    default: about.default,
    read: (value, name) => {
      if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
      const upTo = Number.isFinite(max) ? ` and at most ${max}` : "";
      throw refusal(name, `a whole number of at least ${min}${upTo}`, value);
    },
  };
}

/** A whole number of at least 1, or null for all. */
export function countOrAll(about: { readonly default: number; readonly description: string }): Setting<number | null> {
  const whole = count(about);
  return {
    schema: { ...whole.schema, type: ["integer", "null"] },
    default: about.default,
    read: (value, name) => {
      if (value === null) return null;
      if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
      throw refusal(name, "a whole number of at least 1, or null for all", value);
    },
  };
}

/** One of some words. */
export function choice<const Word extends string>(
  words: readonly Word[],
  about: { readonly default: Word; readonly description: string },
): Setting<Word> {
  return {
    schema: { type: "string", enum: words, ...about },
    default: about.default,
    read: (value, name) => {
      const word = words.find((one) => one === value);
      if (word !== undefined) return word;
      throw refusal(name, `one of ${words.join(", ")}`, value);
    },
  };
}

export function toggle(about: { readonly default: boolean; readonly description: string }): Setting<boolean> {
  return {
    schema: { type: "boolean", ...about },
    default: about.default,
    read: (value, name) => {
      if (typeof value === "boolean") return value;
      throw refusal(name, "true or false", value);
    },
  };
}

/** A list of words; `accept` may refuse one. Without a default it is undefined. */
export function words<Default extends readonly string[] | undefined>(about: {
  readonly default: Default;
  readonly description: string;
  /** What is wrong with a word, if anything. */
  readonly fault?: (word: string) => string | undefined;
}): Setting<readonly string[] | Default> {
  return {
    schema: {
      type: "array",
      items: { type: "string" },
      ...(about.default === undefined ? {} : { default: about.default }),
      description: about.description,
    },
    default: about.default,
    read: (value, name) => {
      if (!(Array.isArray(value) && value.every((word) => typeof word === "string")))
        throw refusal(name, "a list of texts", value);
      for (const word of value as readonly string[]) {
        const fault = about.fault?.(word);
        if (fault !== undefined) throw new HttpError(400, `${name} has ${JSON.stringify(word)}, ${fault}`);
      }
      return value as readonly string[];
    },
  };
}

function refusal(name: string, wanted: string, value: unknown): HttpError {
  return new HttpError(400, `${name} must be ${wanted}, not ${JSON.stringify(value)?.slice(0, 100)}`);
}
