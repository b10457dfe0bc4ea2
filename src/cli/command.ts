// What a command of `attune` is. A command's file imports no engine: what it needs is imported by `run`, so that --help
// answers at once.
import type { Schema, ValuesOf } from "../trainer/fields.js";

export interface Command<Flags extends Schema = Schema> {
  readonly name: string;
  /** Lines of usage, each a whole command line. */
  readonly usage: readonly string[];
  readonly description: string;
  /** What stands on the command line without a flag, in order. Default none. */
  readonly words?: readonly Word[];
  /** The first word, or --, ends the flags: all from there on are words. Default false. */
  readonly wordsEndFlags?: boolean;
  /** Flags under their titles, in the order of --help; names are unique among all of them. */
  readonly sections: readonly FlagSection[];
  readonly flags: Flags;
  /** Flags that have to be given. */
  readonly required: readonly (keyof Flags & string)[];
  /** @returns The exit status. */
  readonly run: (values: ValuesOf<Flags>, given: ReadonlySet<string>, words: readonly string[]) => Promise<number>;
}

/** An argument without a flag. */
export interface Word {
  /** In capitals: FOLDER. */
  readonly name: string;
  readonly help: string;
  /** It may be left out; so may all that follow. */
  readonly optional?: boolean;
  /** The last one, which may stand several times. */
  readonly repeated?: boolean;
}

export interface FlagSection {
  readonly title: string;
  readonly flags: Schema;
}

/** Gives a command's `run` the types of its flags, and hides them from those who only list commands. */
export function defineCommand<Flags extends Schema>(command: Command<Flags>): Command {
  return command as unknown as Command;
}
