// The shape of src/, as docs/architecture.md draws it: a folder imports only from itself and from folders above it.
import { readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { findCycle, importsOf, readSources, resolveImport } from "./imports.js";

/** The folders of src/ as the table of docs/architecture.md lists them: its order is the order that holds. */
const architecture = readFileSync(new URL("../../docs/architecture.md", import.meta.url), "utf8");
const order = [...architecture.matchAll(/^\| `src\/([^`/]+)` +\|/gm)].map(([, folder]) => folder);

const NETWORK_MODULES = new Set(["http", "https", "http2", "net", "tls", "dgram", "dns", "undici", "ws"]);
/** Folders that listen: they answer on a socket of their own, and call nobody. */
const LISTENERS: Readonly<Record<string, readonly string[]>> = {
  serve: ["http", "net"],
  dashboard: ["http", "net"],
};
/** Runs in a browser, and asks the server that it came from. */
const PAGE = "dashboard/page/";
const NETWORK_CALLS = /(?<![.\w])(?:globalThis\s*\.\s*)?(?:fetch\s*\(|new\s+(?:WebSocket|EventSource)\b)/;

const sources = readSources();
const topFolder = (path: string) => path.split("/")[0];
const rank = (path: string) => order.indexOf(topFolder(path));

/** All imports between files of src/, except those of src/index.ts, which gathers the public names from everywhere. */
const edges = sources
  .filter(({ path }) => path !== "index.ts")
  .flatMap((file) =>
    file.imports.flatMap(({ specifier, typeOnly }) => {
      const to = resolveImport(file.path, specifier);
      return to === undefined ? [] : [{ from: file.path, to, typeOnly }];
    }),
  );

/** The offending imports among `edges`, each as a line for the failure message. */
function violations(offends: (edge: (typeof edges)[number]) => boolean): string[] {
  return edges.filter(offends).map(({ from, to }) => `src/${from} imports src/${to}`);
}

describe("the import order of src/", () => {
  it("is about something: there are files, and they import each other", () => {
    expect(sources.length).toBeGreaterThan(10);
    expect(edges.length).toBeGreaterThan(10);
  });

  it("is written down for every folder, and for no other; only index.ts stands outside of one", () => {
    const entries = new Set(sources.map(({ path }) => topFolder(path)));
    entries.delete("index.ts");
    expect([...order].sort()).toEqual([...entries].sort());
  });

  it("resolves every relative import to a file of src/", () => {
    const paths = new Set(sources.map(({ path }) => path));
    expect(violations(({ to }) => !paths.has(to))).toEqual([]);
  });

  it("lets a folder import only from itself and from folders above it", () => {
    expect(violations(({ from, to }) => rank(to) < 0 || rank(to) > rank(from))).toEqual([]);
  });

  it("keeps the contract free of backends, and the backends free of each other", () => {
    const backend = (path: string) => /^backends\/([^/]+)\//.exec(path)?.[1];
    expect(
      violations(
        ({ from, to }) => backend(to) !== undefined && topFolder(from) === "backends" && backend(from) !== backend(to),
      ),
    ).toEqual([]);
  });

  it("has no cycle of folders", () => {
    expect(findCycle(folderGraph())).toBeUndefined();
  });

  it("does not import the package by its own name", () => {
    const own = sources.filter(({ imports }) => imports.some(({ specifier }) => /^attune(\/|$)/.test(specifier)));
    expect(own.map(({ path }) => path)).toEqual([]);
  });

  it("writes built-in modules with their node: prefix", () => {
    const bare = sources.flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier }) => builtinModules.includes(specifier))
        .map(({ specifier }) => `${path}: ${specifier}`),
    );
    expect(bare).toEqual([]);
  });

  it("calls out to the network only from hub/; what listens has a folder of its own", () => {
    const module = (specifier: string) => specifier.replace(/^node:/, "").split("/")[0];
    const callers = sources.filter(({ path, imports, code }) => {
      if (topFolder(path) === "hub" || path.startsWith(PAGE)) return false;
      const listens = LISTENERS[topFolder(path)] ?? [];
      const uses = imports.map(({ specifier }) => module(specifier)).filter((name) => NETWORK_MODULES.has(name));
      return uses.some((name) => !listens.includes(name)) || NETWORK_CALLS.test(code);
    });
    expect(callers.map(({ path }) => path)).toEqual([]);
  });
});

/**
 * What folders import of each other at run time, subfolders counted by themselves. Between a folder and its own subfolder
 * both directions are fine: a class delegates to its verbs, and a verb makes objects of the class.
 */
function folderGraph(): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const { from, to, typeOnly } of edges) {
    const [a, b] = [dirname(from), dirname(to)];
    if (typeOnly || `${a}/`.startsWith(`${b}/`) || `${b}/`.startsWith(`${a}/`)) continue;
    graph.set(a, (graph.get(a) ?? new Set()).add(b));
  }
  return graph;
}

describe("the reading of imports", () => {
  it("finds each form, and nothing in comments or strings", () => {
    const text = `
      import { a } from "./a.js";
      import type { B } from "../b.js";
      import c, * as d from 'node:fs';
      import "./effect.js";
      import {
        e, // from "./not-e.js"
        type F,
      } from "./e.js";
      export * from "./g.js";
      export type { H } from "./h.js";
      // import { x } from "./comment.js";
      /* import "./block.js"; */
      const later = await import("./later.js");
      const url = "https://example.org"; const important = "./string.js";
      export const from = "./constant.js";
      export function imports() { return "./body.js"; }
    `;
    expect(importsOf(text)).toEqual([
      { specifier: "./a.js", typeOnly: false },
      { specifier: "../b.js", typeOnly: true },
      { specifier: "node:fs", typeOnly: false },
      { specifier: "./effect.js", typeOnly: false },
      { specifier: "./e.js", typeOnly: false },
      { specifier: "./g.js", typeOnly: false },
      { specifier: "./h.js", typeOnly: true },
      { specifier: "./later.js", typeOnly: false },
    ]);
  });

  it("finds a cycle wherever it starts, and none in a tree", () => {
    const graph = (links: Record<string, string[]>) =>
      new Map(Object.entries(links).map(([from, to]) => [from, new Set(to)]));
    expect(findCycle(graph({ a: ["b"], b: ["c"], c: ["b"] }))).toEqual(["b", "c", "b"]);
    expect(findCycle(graph({ a: ["b", "c"], b: ["c"], c: [] }))).toBeUndefined();
  });
});
