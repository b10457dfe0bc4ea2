// What a call depends on: the function, by its source, and what `with` declares, by value or by what it tells of itself.
import { isFingerprinted, fingerprint as symbol } from "../../support/symbols.js";
import { digest } from "./digest.js";
import { readSource } from "./free-names.js";

/** A fingerprint, or in words why there is none. */
export type Known = { readonly fingerprint: string } | { readonly unknown: string };

/** The fingerprint of a function that is given as it is; known where its source and `with` are all that it depends on. */
export function fingerprintOfFunction(fn: (...args: never) => unknown, verb: string): Known {
  const source = fn.toString();
  const report = reportOf(source);
  if (report === undefined) {
    return {
      unknown: `the source of the function cannot be read (it is built in or bound): ${verb} an arrow function`,
    };
  }
  const { captures, changing } = report;
  if (captures.length > 0) return { unknown: captured(captures, verb) };
  if (changing.length > 0) {
    return { unknown: `the function uses ${changing.join(" and ")}, which is another each time` };
  }
  return { fingerprint: digest("source", source) };
}

function reportOf(source: string): ReturnType<typeof readSource> | undefined {
  try {
    return readSource(source);
  } catch {
    return undefined;
  }
}

function captured(names: readonly string[], verb: string): string {
  const list = names.map((name) => `\`${name}\``).join(", ");
  const declarable = names.filter(
    (name) => /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name) && !/^(this|super)$/.test(name),
  );
  const imported = declarable.filter((name) => /^__v\w*_import_\d+__$/.test(name));
  const declared = declarable.filter((name) => !imported.includes(name)).join(", ") || "...";
  return (
    `the function uses ${list} from outside, of which nothing is known: declare it, ` +
    `${verb}(fn, { with: { ${declared} } }), and take it from the function's second argument`
  );
}

/** The fingerprints of declared inputs by their names; those that have none with the reason. */
export function fingerprintsOfInputs(inputs: object): Map<string, Known> {
  return new Map(Object.entries(inputs).map(([name, value]) => [name, fingerprintOfValue(name, value)]));
}

function fingerprintOfValue(name: string, value: unknown): Known {
  const parts: (string | Uint8Array)[] = [];
  const unknown = describe(value, `\`${name}\``, parts, new Set());
  return unknown === undefined ? { fingerprint: digest(...parts) } : { unknown };
}

/** Adds what tells a value apart from others to `parts`; returns, in words, why nothing does. */
function describe(value: unknown, path: string, parts: (string | Uint8Array)[], seen: Set<object>): string | undefined {
  if (isFingerprinted(value)) {
    parts.push("fingerprint", value[symbol]());
    return undefined;
  }
  switch (typeof value) {
    case "object":
      break;
    case "function": {
      const known = fingerprintOfFunction(value as () => unknown, "give");
      if ("unknown" in known) return `the input ${path}: ${known.unknown}`;
      parts.push("function", known.fingerprint);
      return undefined;
    }
    case "symbol":
      return `the input ${path} is a symbol`;
    default:
      parts.push(typeof value, Object.is(value, -0) ? "-0" : String(value));
      return undefined;
  }
  if (value === null) {
    parts.push("null");
    return undefined;
  }
  if (seen.has(value)) return `the input ${path} contains itself`;
  seen.add(value);
  const reason = describeObject(value, path, parts, seen);
  seen.delete(value);
  return reason;
}

function describeObject(
  value: object,
  path: string,
  parts: (string | Uint8Array)[],
  seen: Set<object>,
): string | undefined {
  const all = (kind: string, entries: Iterable<readonly [string, unknown]>): string | undefined => {
    parts.push(kind);
    for (const [name, each] of entries) {
      parts.push(name);
      const reason = describe(each, `${path}.${name}`, parts, seen);
      if (reason !== undefined) return reason;
    }
    parts.push("end");
    return undefined;
  };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value))
    return all(
      "array",
      value.map((each, i) => [String(i), each] as const),
    );
  if (prototype === Object.prototype || prototype === null) return all("object", Object.entries(value));
  if (value instanceof Date) parts.push("date", String(value.getTime()));
  else if (value instanceof RegExp) parts.push("regexp", String(value));
  else if (value instanceof URL) parts.push("url", value.href);
  else if (ArrayBuffer.isView(value)) {
    parts.push(value.constructor.name, new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  } else if (value instanceof Set) {
    return all(
      "set",
      Array.from(value, (each, i) => [String(i), each] as const),
    );
  } else if (value instanceof Map) {
    return all(
      "map",
      Array.from(value, (pair, i) => [String(i), pair] as const),
    );
  } else {
    const name = value.constructor?.name ?? "object";
    return `the input ${path} is a ${name}, which does not tell its fingerprint: give its class a method [Symbol.for("attune.fingerprint")]()`;
  }
  return undefined;
}
