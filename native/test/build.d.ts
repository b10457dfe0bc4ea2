import type { Compiler } from "../compile.js";

/** Compiles the test program for a platform and architecture (Node's names) into a folder; returns its path. */
export function buildProgram(compiler: Compiler, platform: string, arch: string, out: string): Promise<string>;
