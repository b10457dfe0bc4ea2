/** One file to compile: with `flags`, to `object`. */
export interface Compilation {
  readonly file: string;
  /** The instruction set, of a file of kernels. */
  readonly isa?: string;
  readonly object: string;
  readonly flags: readonly string[];
}
export const sourceFolder: string;
export const flags: readonly string[];
export const instructionSets: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
export const extendedSets: Readonly<Record<string, string>>;
export function compilations(platform: string, arch: string, options?: { binding?: boolean }): Compilation[];
