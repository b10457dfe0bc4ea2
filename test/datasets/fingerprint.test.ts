// What a function reads from outside, what inputs tell of themselves, and what a module depends on.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { readModule, readSource } from "../../src/datasets/fingerprint/free-names.js";
import { fingerprintOfFunction, fingerprintsOfInputs } from "../../src/datasets/fingerprint/inputs.js";
import { fingerprintOfModule } from "../../src/datasets/fingerprint/module.js";
import { fingerprint } from "../../src/support/symbols.js";
import { folderOf } from "./files.js";

describe("the names that a function reads from outside", () => {
  it.each([
    ["row => ({ n: row.text.length })", []],
    ["(rows, { tokenizer }) => tokenizer(rows.a, rows.b, { truncation: true })", []],
    ["rows => tokenizer(rows.text)", ["tokenizer"]],
    ["({ text }) => ({ text: clean(text), n: counts[text] })", ["clean", "counts"]],
    ["async row => { const { a = b, ...rest } = row; return { a, rest } }", ["b"]],
    ["function (row) { return { n: helper(row) }; function helper(r) { return r.n + offset } }", ["offset"]],
    ["function named(row) { return row.n > 0 ? named({ n: row.n - 1 }) : { n: arguments.length } }", []],
    ["row => { { let x = 1; } return { x } }", ["x"]],
    ["row => { if (row.a) { var x = 1; } return { x } }", []],
    ["row => { for (const word of row.words) seen.add(word); return {} }", ["seen"]],
    ["row => { for (let i = 0; i < 3; i++) {} return { i } }", ["i"]],
    [
      "row => { try { risky(row) } catch (error) { return { error: error.message } } return { error } }",
      ["risky", "error"],
    ],
    ["row => { class A { #n = base; m() { return this.#n + A.k } static k = 1 } return { n: new A().m() } }", ["base"]],
    [
      "row => { outer: for (;;) { break outer } return { key: row.x?.[index], [name]: 1, name: 2 } }",
      ["index", "name"],
    ],
    ["row => { switch (row.n) { case one: { const two = 2; return { two } } } return { two } }", ["one", "two"]],
    ["row => ({ t: `$" + "{row.a} $" + "{suffix}`, f: tag`x` })", ["suffix", "tag"]],
    ["row => ({ n: this.offset })", ["this"]],
    ["function (row) { return { n: this?.n, f: () => this } }", []],
    ["row => ({ m: import.meta.url })", ["import.meta"]],
    ['async row => (await import("./x.js")).f(row)', ['import("./x.js")']],
    ["row => ({ n: Math.max(...row.list), d: new Date(row.t), j: JSON.stringify(row) })", []],
    ["row => ({ env: process.env.HOME, x: fetch, y: globalThis.x })", ["process", "fetch", "globalThis"]],
    ["tokenize(rows) { return tokenizer(rows.text) }", ["tokenizer"]],
    ["async *gen(rows) { yield* rows }", []],
    ["(row = fallback, [first, , third = other] = []) => ({ first, third })", ["fallback", "other"]],
    ["row => { const f = function g() { return g }; return { g } }", ["g"]],
    ["row => { let [a, { b: [c] }] = row; ({ a, d: e } = row); return { a, c } }", ["e"]],
    ["row => ({ ...defaults, valid: !/regex/u.test(row.text), big: 10n ** 2n })", ["defaults"]],
    ["__name((row) => ({ n: row.n }), 'fn')", []],
  ])("%s", (source, captures) => {
    expect(readSource(source).captures).toEqual(captures);
  });

  it.each([
    ["row => ({ n: Math.random() })", ["Math.random"]],
    ["row => ({ n: Math['random'](), m: Math[row.f](1) })", ["Math.random"]],
    ["row => ({ t: Date.now(), u: new Date(), v: Date() })", ["Date.now", "new Date()", "Date()"]],
    ["row => { const Math = row.m, Date = row.d; return { n: Math.random(), t: new Date() } }", []],
  ])("%s changes each time", (source, changing) => {
    expect(readSource(source).changing).toEqual(changing);
  });

  it("are not told of built-in and bound functions", () => {
    expect(() => readSource(String(Math.max))).toThrow(SyntaxError);
    expect(fingerprintOfFunction(((n: number) => n).bind(null), "map")).toHaveProperty("unknown");
  });
});

describe("a function's fingerprint", () => {
  it("changes with its source, and is not known where it captures, with the remedy", () => {
    const one = fingerprintOfFunction((row: { n: number }) => ({ n: row.n + 1 }), "map");
    const same = fingerprintOfFunction((row: { n: number }) => ({ n: row.n + 1 }), "map");
    const other = fingerprintOfFunction((row: { n: number }) => ({ n: row.n + 2 }), "map");
    expect(one).toHaveProperty("fingerprint");
    expect(one).toEqual(same);
    expect(one).not.toEqual(other);
    const offset = Number("3");
    expect(fingerprintOfFunction((row: { n: number }) => ({ n: row.n + offset }), "map")).toEqual({
      unknown:
        "the function uses `offset` from outside, of which nothing is known: declare it, map(fn, { with: { offset } }), " +
        "and take it from the function's second argument",
    });
  });
});

describe("inputs", () => {
  const of = (value: unknown) => fingerprintsOfInputs({ value }).get("value");

  it("are known by their values, at any depth", () => {
    const values = [
      ...[1, "1", 1n, true, null, undefined, 0, -0, Number.NaN, "", [], {}, [1], ["1"], [[1]], [1, 2], [12]],
      ...[{ a: 1 }, { a: "1" }, { b: 1 }, { a: 1, b: 2 }, { a: { b: 1 } }, new Date(0), new Date(1), /a/g, /a/i, /b/g],
      ...[
        new Set([1]),
        new Map([[1, 2]]),
        new Map([[1, 3]]),
        Int32Array.of(1),
        Int32Array.of(2),
        Uint8Array.of(1, 0, 0, 0),
      ],
      ...[(x: number) => x, (x: number) => x + 1, new URL("https://a.example"), { [fingerprint]: () => "x" }],
    ];
    const found = values.map((value) => JSON.stringify(of(value)));
    expect(found.filter((each) => !each.includes("fingerprint"))).toEqual([]);
    expect(new Set(found).size).toBe(values.length);
    expect(of({ a: [1, { b: /x/ }] })).toEqual(of({ a: [1, { b: /x/ }] }));
  });

  it("that are not are named, with the reason", () => {
    class Model {}
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const outside = Number("1");
    expect(of(new Model())).toEqual({
      unknown: expect.stringContaining("`value` is a Model, which does not tell its fingerprint"),
    });
    expect(of({ deep: [new Model()] })).toEqual({ unknown: expect.stringContaining("`value`.deep.0 is a Model") });
    expect(of(cyclic)).toEqual({ unknown: expect.stringContaining("`value`.self contains itself") });
    expect(of(() => outside)).toEqual({ unknown: expect.stringContaining("`outside` from outside") });
  });
});

describe("a module's fingerprint", () => {
  it("reads imports and what is not declared", () => {
    expect(
      readModule(`
        import a, { b as c } from "./a.js"; import * as d from "pkg"; export * from "./e.js"; export { f } from "./f.js";
        const own = 1; let { x, y: [z] } = own; function g() { return own + c + later } class H {}
        export const later = async () => new H(a, d.x, x, z, await import("./i.js"), outside);
        export default g; export { g as h };
      `),
    ).toEqual({ captures: ["outside"], changing: [], imports: ["./a.js", "pkg", "./e.js", "./f.js", "./i.js"] });
  });

  it("changes with the text of all modules of the project, and with versions of packages", async () => {
    const folder = await folderOf({
      "fn.js":
        'import { suffix } from "./lib/suffix.js"; import dep from "dep/x"; import path from "node:path";\nexport default (r) => suffix + dep + path.sep + r',
      "lib/suffix.js": 'export const suffix = "!";',
      "node_modules/dep/package.json": '{ "version": "1.0.0" }',
      "package.json": '{ "name": "own", "type": "module" }',
    });
    const url = pathToFileURL(join(folder, "fn.js")).href;
    const of = () => JSON.stringify(fingerprintOfModule(url, "default"));
    const first = of();
    expect(first).toContain("fingerprint");
    expect(of()).toBe(first);
    writeFileSync(join(folder, "lib/suffix.js"), 'export const suffix = "?";');
    const second = of();
    expect(second).not.toBe(first);
    writeFileSync(join(folder, "node_modules/dep/package.json"), '{ "version": "1.0.1" }');
    expect(of()).not.toBe(second);
    expect(JSON.stringify(fingerprintOfModule(url, "other"))).not.toBe(of());
    writeFileSync(
      join(folder, "lib/suffix.js"),
      'import { readFileSync } from "node:fs"; export const suffix = readFileSync("x");',
    );
    expect(of()).toContain("imports node:fs, which gives what can change");
    writeFileSync(join(folder, "lib/suffix.js"), "export const suffix = process.env.SUFFIX;");
    expect(of()).toContain("uses process, of which nothing is known");
    writeFileSync(join(folder, "fn.js"), "export default (r: string) => r");
    expect(of()).toContain("cannot be read as JavaScript");
  });
});
