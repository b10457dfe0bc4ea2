// The space that a search looks through: for each parameter the values that it may take. A domain is a plain object, so
// that a space can stand in a file; `hp` makes domains as one would say them.
import { ConfigError, nearest } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { trainingFields } from "../trainer/arguments.js";
import type { Field } from "../trainer/fields.js";
import { atShare } from "./measure.js";

/** What a parameter's value may be. */
export type Value = string | number | boolean;

/** One of some values, each as likely. */
export interface Choice<T extends Value = Value> {
  readonly type: "choice";
  readonly values: readonly T[];
}

/** A number from `low` to `high`, each as likely. */
export interface Uniform {
  readonly type: "uniform";
  readonly low: number;
  readonly high: number;
  /** How many values a grid takes of it, both ends among them. */
  readonly points?: number;
}

/** A number from `low` to `high` whose logarithm is uniform: as likely from 1e-5 to 1e-4 as from 1e-4 to 1e-3. */
export interface LogUniform {
  readonly type: "log-uniform";
  readonly low: number;
  readonly high: number;
  readonly points?: number;
}

/** A whole number from `low` to `high`, both among them, each as likely. */
export interface Int {
  readonly type: "int";
  readonly low: number;
  readonly high: number;
  /** Only every so many from `low` on. Default 1. */
  readonly step?: number;
}

export type Domain = Choice | Uniform | LogUniform | Int;

/** Domains by the names of parameters. */
export type Space = Readonly<Record<string, Domain>>;

/** The values that a space gives to a trial. */
export type Params<S extends Space = Space> = { readonly [Name in keyof S]: ValueOf<S[Name]> };
type ValueOf<D> = D extends Choice<infer T> ? T : number;

/** Domains: `hp.logUniform(1e-6, 1e-4)`. What is wrong with one is said when the search begins. */
export const hp = {
  choice: <const T extends Value>(values: readonly T[]): Choice<T> => ({ type: "choice", values }),
  uniform: (low: number, high: number, options: Pick<Uniform, "points"> = {}): Uniform => ({
    type: "uniform",
    low,
    high,
    ...options,
  }),
  logUniform: (low: number, high: number, options: Pick<LogUniform, "points"> = {}): LogUniform => ({
    type: "log-uniform",
    low,
    high,
    ...options,
  }),
  int: (low: number, high: number, options: Pick<Int, "step"> = {}): Int => ({ type: "int", low, high, ...options }),
} as const;

/** What is searched where nothing is said: Python's default space, without the seed, of which none is better. */
export const defaultHpSpace = {
  learningRate: hp.logUniform(1e-6, 1e-4),
  numTrainEpochs: hp.int(1, 5),
  perDeviceTrainBatchSize: hp.choice([4, 8, 16, 32, 64]),
} as const;

/** Arguments that belong to the search itself. */
const RESERVED: Readonly<Record<string, string>> = {
  outputDir: "each trial has a folder of its own",
  runName: "each trial has a name of its own",
  resumeFromCheckpoint: "a trial goes on from its own checkpoint",
};

/** Whether a parameter is a training argument. */
export function isArgument(name: string): boolean {
  return Object.hasOwn(trainingFields, name);
}

/** Of a trial's values those that are training arguments; the rest is for whoever makes the Trainer. */
export function argumentsAmong(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(params).filter(([name]) => isArgument(name)));
}

/**
 * @param space As given: from a program or a file.
 * @throws ConfigError naming the parameter, what is wrong with its domain, and what a training argument would take
 */
export function checkSpace(space: unknown): asserts space is Space {
  if (!isObject(space)) {
    throw new ConfigError("the space of a search is an object of domains by the names of parameters");
  }
  const entries = Object.entries(space);
  if (entries.length === 0) throw new ConfigError("the space of a search has no parameter");
  for (const [name, domain] of entries) {
    const wrong = wrongWith(domain) ?? misfit(name, domain as Domain);
    if (wrong !== undefined) throw new ConfigError(`the space's ${name}: ${wrong}`);
  }
}

const KEYS: Readonly<Record<Domain["type"], readonly string[]>> = {
  choice: ["values"],
  uniform: ["low", "high", "points"],
  "log-uniform": ["low", "high", "points"],
  int: ["low", "high", "step"],
};

/** What is wrong with a domain in itself. */
function wrongWith(domain: unknown): string | undefined {
  if (typeof domain !== "object" || domain === null) return `${JSON.stringify(domain)} is no domain; hp makes them`;
  const { type, ...rest } = domain as { type?: unknown } & Record<string, unknown>;
  if (typeof type !== "string" || !Object.hasOwn(KEYS, type)) {
    const near = typeof type === "string" ? nearest(type, Object.keys(KEYS)) : undefined;
    return `its type is ${JSON.stringify(type)}, not one of ${Object.keys(KEYS).join(", ")}${near ? `; did you mean ${near}?` : ""}`;
  }
  const known = KEYS[type as Domain["type"]];
  const unknown = Object.keys(rest).find((key) => !known.includes(key));
  if (unknown !== undefined) return `a domain of type ${type} has no "${unknown}", but ${known.join(", ")}`;
  const made = domain as Domain;
  return made.type === "choice" ? wrongWithChoice(made) : wrongWithRange(made);
}

function wrongWithChoice({ values }: Choice): string | undefined {
  if (!Array.isArray(values) || values.length === 0) return "a choice needs values to choose from";
  const odd = values.find((value) => !["string", "number", "boolean"].includes(typeof value) || Number.isNaN(value));
  if (odd !== undefined || values.includes(undefined as never) || values.includes(null as never)) {
    return `a choice is among texts, numbers, true and false, not ${JSON.stringify(odd)}`;
  }
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  return twice === undefined ? undefined : `${JSON.stringify(twice)} stands among its values twice`;
}

function wrongWithRange(domain: Exclude<Domain, Choice>): string | undefined {
  const { type, low, high } = domain;
  for (const [end, value] of [
    ["low", low],
    ["high", high],
  ] as const) {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      return `${end} must be a finite number, not ${JSON.stringify(value) ?? String(value)}`;
    }
    if (type === "int" && !Number.isSafeInteger(value)) return `${end} must be a whole number, not ${value}`;
  }
  if (low > high) return `low (${low}) is above high (${high})`;
  if (type !== "int" && low === high) return `low and high are both ${low}; a parameter that is fixed is an argument`;
  if (type === "log-uniform" && low <= 0) return `low must be above 0, not ${low}: it has a logarithm`;
  if (type === "int") return wrongCount("step", domain.step, 1);
  return wrongCount("points", domain.points, 2);
}

function wrongCount(name: string, value: unknown, least: number): string | undefined {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least)) return undefined;
  return `${name} must be a whole number of at least ${least}, not ${JSON.stringify(value)}`;
}

/** Why a training argument of that name does not take what the domain gives. */
function misfit(name: string, domain: Domain): string | undefined {
  if (Object.hasOwn(RESERVED, name)) return `it cannot be searched: ${RESERVED[name]}`;
  if (!isArgument(name)) return undefined;
  const field: Field = trainingFields[name as keyof typeof trainingFields];
  for (const value of samplesOf(domain)) {
    const wanted = field.refuse(value);
    if (wanted === undefined) continue;
    const hint =
      domain.type !== "int" && /whole/.test(wanted) && domain.type !== "choice" ? " (hp.int gives those)" : "";
    return `it must be ${wanted}${hint}, which ${JSON.stringify(value)} is not`;
  }
  return undefined;
}

/** Values that stand for all of a domain where an argument's field is asked: its ends, and a number with a fraction. */
function samplesOf(domain: Domain): readonly Value[] {
  if (domain.type === "choice") return domain.values;
  const { low, high } = domain;
  return domain.type === "int" ? [low, high] : [low, high, low + (high - low) * 0.381966011];
}

/** What is wrong with a trial's values that someone gave, or undefined: each parameter has one, from its domain. */
export function wrongWithParams(space: Space, params: unknown): string | undefined {
  if (typeof params !== "object" || params === null) return `${JSON.stringify(params)} is no object of values`;
  const odd = Object.keys(params).find((name) => !Object.hasOwn(space, name));
  if (odd !== undefined) {
    const near = nearest(odd, Object.keys(space));
    return `the space has no ${odd}${near ? `; did you mean ${near}?` : `, but ${Object.keys(space).join(", ")}`}`;
  }
  for (const [name, domain] of Object.entries(space)) {
    const value = (params as Readonly<Record<string, unknown>>)[name];
    if (value === undefined) return `it has no value for ${name}`;
    if (!holds(domain, value)) return `${name} is ${describeDomain(domain)}, which ${JSON.stringify(value)} is not`;
  }
  return undefined;
}

function holds(domain: Domain, value: unknown): boolean {
  if (domain.type === "choice") return (domain.values as readonly unknown[]).includes(value);
  const { type, low, high } = domain;
  if (typeof value !== "number" || !(low <= value && value <= high)) return false;
  return type !== "int" || Number.isInteger((value - low) / (domain.step ?? 1));
}

/** All values of a domain that has finitely many; a grid takes `points` of a range. Undefined where there is no end. */
export function valuesOf(domain: Domain): readonly Value[] | undefined {
  switch (domain.type) {
    case "choice":
      return domain.values;
    case "int": {
      const { low, high, step = 1 } = domain;
      return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => low + i * step);
    }
    case "uniform":
    case "log-uniform": {
      const { points } = domain;
      if (points === undefined) return undefined;
      return Array.from({ length: points }, (_, i) => atShare(domain, i / (points - 1)));
    }
    default:
      return domain satisfies never;
  }
}

/** A domain in words: "log-uniform 1e-6..1e-4". */
export function describeDomain(domain: Domain): string {
  if (domain.type === "choice") return `one of ${domain.values.join(", ")}`;
  const { type, low, high } = domain;
  const every = domain.type === "int" && (domain.step ?? 1) > 1 ? ` by ${domain.step}` : "";
  return `${type} ${low}..${high}${every}`;
}
