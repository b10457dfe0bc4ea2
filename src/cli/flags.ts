// Flags: a schema's names in kebab-case, read with node:util's parseArgs; what is wrong is said with the nearest right one.
import { parseArgs } from "node:util";
import { AttuneError, nearest } from "../support/errors.js";
import { completeValues, type Field, kebabCase, type Schema, showNumber, type ValuesOf } from "../trainer/fields.js";
import type { Command } from "./command.js";

/** The command line itself is wrong: exit status 2. */
export class UsageError extends AttuneError {}

const isSwitch = (field: Field) => field.placeholder === undefined;

export interface ParsedFlags<Flags extends Schema> {
  readonly values: ValuesOf<Flags>;
  /** Names of the flags that were given. */
  readonly given: ReadonlySet<string>;
  /** What stood without a flag. */
  readonly words: readonly string[];
  /** --help was among them; then nothing else was checked. */
  readonly help: boolean;
}

/**
 * Reads a command's flags.
 * @throws UsageError for an unknown flag, with the nearest one, a flag without its value or twice, a value that it does
 *   not take, a word that is no flag, or a required flag that is missing.
 */
export function parseFlags(command: Command, args: readonly string[]): ParsedFlags<Schema> {
  const names = new Map(Object.keys(command.flags).map((name) => [kebabCase(name), name]));
  const options = {
    help: { type: "boolean", short: "h" } as const,
    ...Object.fromEntries(
      [...names].map(([flag, name]) => [flag, { type: isSwitch(command.flags[name]) ? "boolean" : "string" } as const]),
    ),
  };
  let { tokens } = parseArgs({ args: [...args], strict: false, tokens: true, options });
  const end = command.wordsEndFlags ? tokens.find(({ kind }) => kind !== "option")?.index : undefined;
  if (end !== undefined) tokens = tokens.filter(({ index }) => index < end);
  const given: Record<string, unknown> = {};
  const hint = `\`attune ${command.name} --help\` lists the flags`;
  if (tokens.some((token) => token.kind === "option" && token.name === "help")) {
    return { values: {}, given: new Set(), words: [], help: true };
  }
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    if (token.kind === "positional") {
      words.push(token.value);
      continue;
    }
    const name = names.get(token.name);
    if (name === undefined) {
      const near = nearest(token.name, names.keys());
      throw new UsageError(`Unknown flag ${token.rawName}${near ? `; did you mean --${near}?` : "."} ${hint}`);
    }
    if (Object.hasOwn(given, name)) throw new UsageError(`${token.rawName} is given twice`);
    const field = command.flags[name];
    if (isSwitch(field)) {
      given[name] = token.value === undefined ? true : field.parse(token.value);
      continue;
    }
    const swallowed = token.inlineValue !== true && token.value?.startsWith("--") && names.has(token.value.slice(2));
    if (token.value === undefined || swallowed) throw new UsageError(`${token.rawName} needs a value: ${field.help}`);
    given[name] = field.parse(token.value);
  }
  if (end !== undefined) words.push(...args.slice(end));
  checkWords(command, words, hint);
  const missing = command.required.filter((name) => !Object.hasOwn(given, name));
  if (missing.length > 0) {
    const listed = missing.map((name) => `--${kebabCase(name)} (${command.flags[name].help})`);
    throw new UsageError(`attune ${command.name} needs ${listed.join(" and ")}. ${hint}`);
  }
  return { values: complete(command, given), given: new Set(Object.keys(given)), words, help: false };
}

function checkWords({ name, words: expected = [] }: Command, words: readonly string[], hint: string): void {
  const unexpected = expected.at(-1)?.repeated ? undefined : words[expected.length];
  if (unexpected !== undefined && expected.length === 0) throw new UsageError(`"${unexpected}" is not a flag. ${hint}`);
  if (unexpected !== undefined) throw new UsageError(`"${unexpected}" is one word too many. ${hint}`);
  const missing = expected.slice(words.length).find(({ optional }) => !optional);
  if (missing) throw new UsageError(`attune ${name} needs ${missing.name}: ${missing.help}. ${hint}`);
}

function complete(command: Command, given: object): ValuesOf<Schema> {
  try {
    return completeValues(command.flags, given, `attune ${command.name}`, (name) => `--${kebabCase(name)}`);
  } catch (error) {
    if (error instanceof AttuneError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** The text of `attune COMMAND --help`. */
export function commandHelp(command: Command): string {
  const usage = command.usage.map((line) => `  ${line}`).join("\n");
  const words = (command.words ?? []).map((word) => `  ${word.name.padEnd(14)}${word.help}`);
  const sections = [
    ...(words.length > 0 ? [`Arguments\n${words.join("\n")}`] : []),
    ...command.sections.map(({ title, flags }) => `${title}\n${describeFlags(flags)}`),
  ];
  return `${[command.description, `Usage\n${usage}`, ...sections].join("\n\n")}\n`;
}

function describeFlags(flags: Schema): string {
  const spell = (help: string) =>
    help.replaceAll(/\b[a-z]+[A-Z]\w*/g, (name) => (Object.hasOwn(flags, name) ? `--${kebabCase(name)}` : name));
  const entries = Object.entries(flags).map(([name, field]): [string, string] => {
    const head = `  --${kebabCase(name)}${field.placeholder ? ` ${field.placeholder}` : ""}`;
    const standard =
      field.defaultNote ?? (typeof field.default === "number" ? showNumber(field.default) : field.default);
    return [
      head,
      spell(`${field.help}${standard === undefined || standard === false ? "" : ` (default ${standard})`}`),
    ];
  });
  const column = Math.min(36, Math.max(...entries.map(([head]) => head.length)) + 2);
  return entries
    .map(([head, help]) =>
      head.length < column ? head.padEnd(column) + help : `${head}\n${" ".repeat(column)}${help}`,
    )
    .join("\n");
}
