// Reads the imports of src/ for import-order.test.ts.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const sourceRoot = fileURLToPath(new URL("../../src/", import.meta.url));

export interface Import {
  /** As written: "../support/errors.js", "node:fs", "yaml". */
  readonly specifier: string;
  /** `import type` and `export type`, which leave nothing in the compiled file. */
  readonly typeOnly: boolean;
}

export interface SourceFile {
  /** Relative to src/: "tensor/ops/gelu.ts". */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Without comments and the contents of strings. */
  readonly code: string;
}

/** Text of a TypeScript file without its comments; strings are kept or, with `emptyStrings`, emptied. */
export function withoutComments(text: string, emptyStrings = false): string {
  return text.replace(
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`/g,
    (token) => {
      if (token.startsWith("//") || token.startsWith("/*")) return " ";
      return emptyStrings ? '""' : token;
    },
  );
}

const statement =
  /(?:^|[;\s}])(?:import|export)\s+(type\s)?(?:[\w$*\s{},]*?\sfrom\s*|(?=["']))["']([^"'\n]+)["']|\bimport\s*\(\s*["'`]([^"'`\n]+)["'`]/g;

/** Every module that a TypeScript text imports or exports from: statically, for its side effects, or by import(). */
export function importsOf(text: string): Import[] {
  return [...withoutComments(text).matchAll(statement)].map(([, type, fixed, dynamic]) => ({
    specifier: fixed ?? dynamic,
    typeOnly: type !== undefined,
  }));
}

export function readSources(): SourceFile[] {
  return readdirSync(sourceRoot, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => {
      const text = readFileSync(join(sourceRoot, path), "utf8");
      return { path, imports: importsOf(text), code: withoutComments(text, true) };
    });
}

/** The file under src/ that a relative specifier means ("../support/errors.js" -> "support/errors.ts"), else undefined. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return relative(sourceRoot, join(sourceRoot, dirname(from), specifier)).replace(/\.js$/, ".ts");
}

/** One cycle of a directed graph as the list of its nodes, first repeated at the end; undefined where there is none. */
export function findCycle(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const finished = new Set<string>();
  const path: string[] = [];
  const visit = (node: string): string[] | undefined => {
    if (finished.has(node)) return undefined;
    const start = path.indexOf(node);
    if (start >= 0) return [...path.slice(start), node];
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next);
      if (cycle) return cycle;
    }
    path.pop();
    finished.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node);
    if (cycle) return cycle;
  }
  return undefined;
}
