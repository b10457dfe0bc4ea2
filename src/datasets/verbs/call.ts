// How verbs call a user's function: what its second argument holds, and how an error in it names the row.
import { AttuneError, ConfigError, DataError } from "../../support/errors.js";

/** What a function over one row is told beside the row and what `with` declares. */
export interface RowContext {
  /** The row's position in the dataset. */
  readonly index: number;
  /** The number of the worker that calls; 0 in a single process. */
  readonly rank: number;
}

/** What a function over a batch is told beside the batch and what `with` declares. */
export interface BatchContext {
  /** The positions of the batch's rows in the dataset. */
  readonly indices: number[];
  /** The number of the worker that calls; 0 in a single process. */
  readonly rank: number;
}

/** The declared inputs of a function that has none. */
export type NoInputs = Record<never, never>;

/** A user's function as verbs call it; the classes give it its types. */
export type RowFunction = (input: Record<string, unknown>, context: RowContext) => unknown;
export type BatchFunction = (input: Record<string, unknown[]>, context: BatchContext) => unknown;

/** Throws ConfigError where a declared input bears a name that the context gives a meaning of its own. */
export function checkInputs(verb: string, inputs: object | undefined): void {
  const taken = ["index", "indices", "rank"].find((name) => inputs !== undefined && name in inputs);
  if (taken !== undefined) {
    throw new ConfigError(
      `${verb}: \`with\` declares "${taken}", which the function is given anyway: choose another name`,
    );
  }
}

/** Runs a user's function; an error in it becomes a DataError that says where, then `hint`, with the error as its cause. */
export async function callAt(verb: string, where: string, run: () => unknown, hint = ""): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    const reason = error instanceof AttuneError ? `${error.name}: ${error.message}` : String(error);
    throw new DataError(`${verb}: the function threw at ${where}: ${reason}${hint}`, { cause: error });
  }
}

/** What makes the context of each row: the same as a spread of `inputs`, which takes V8 twenty times as long. */
export function rowContexts(inputs: object, rank: number): (index: number) => RowContext {
  const entries = Object.entries(inputs);
  return (index) => {
    const context: Record<string, unknown> & RowContext = { index, rank };
    for (const [name, value] of entries) context[name] = value;
    return context;
  };
}

/** As callAt for a single row: what the function returned, and a promise only where it returned one or threw. */
export function callNow(
  verb: string,
  index: number,
  fn: RowFunction,
  row: Record<string, unknown>,
  context: RowContext,
): unknown {
  let failed: unknown;
  try {
    const returned = fn(row, context);
    return returned instanceof Promise ? callAt(verb, `row ${index}`, () => returned) : returned;
  } catch (error) {
    failed = error;
  }
  return callAt(verb, `row ${index}`, () => {
    throw failed;
  });
}

/** What is said where a function of a batch threw: only the function knows at which of its rows. */
export function batchHint(rows: number): string {
  return rows === 1 ? "" : " (to learn at which row, call it with batchSize: 1)";
}

/** "row 7" or "rows 0 to 999": rows `start` to `end` - 1, for messages. */
export function nameRows(start: number, end: number): string {
  return end - start === 1 ? `row ${start}` : `rows ${start} to ${end - 1}`;
}
