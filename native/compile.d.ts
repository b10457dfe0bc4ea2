import type { Compilation } from "./sources.js";

export interface Compiler {
  /** The program and what always follows it. */
  readonly command: readonly string[];
  /** Tells compilers apart. */
  readonly version: string;
  /** Flags that find headers of others. */
  readonly include?: readonly string[];
  /** A flag as this compiler spells it. */
  readonly translate?: (flag: string) => string[];
}
export function digest(...parts: readonly unknown[]): string;
export function readIfThere(path: string): string | undefined;
export function stampOf(job: Compilation): string;
/** Runs a command whose last argument is a file that it makes; false where it fails. */
export function make(command: readonly string[], path: string): Promise<boolean>;
/** Returns the files that failed. */
export function compileAll(compiler: Compiler, jobs: readonly Compilation[], out: string): Promise<string[]>;
export function findCompiler(): Compiler | undefined;
