// Which columns a function over rows reads, by its source: the others need not be decoded for it.
import type { AnyNode, ArrowFunctionExpression, Expression, FunctionExpression } from "acorn";
import { childrenOf, parseFunction } from "../fingerprint/free-names.js";

/**
 * The columns of `names` that `fn` reads of its first parameter, where its source shows that it does nothing else with it:
 * `({ text }) => ...` and `(row) => row.text ...`. Undefined where it may read any.
 */
export function columnsRead(fn: (...args: never) => unknown, names: readonly string[]): string[] | undefined {
  const source = functionIn(Function.prototype.toString.call(fn));
  if (source === undefined) return undefined;
  const [row, ...others] = source.params;
  if (row === undefined || seesItsArguments(source)) return undefined;
  const read = new Set<string>();
  const readsOnlyThese =
    row.type === "Identifier"
      ? [...others, source.body].every((part) => readsColumnsOnly(part, row.name, read))
      : takesApart(row, read);
  if (!readsOnlyThese || [...read].some((name) => !names.includes(name))) return undefined;
  return names.filter((name) => read.has(name));
}

/** The function of a source; undefined where it is none that is understood: a built-in, say, or a class. */
function functionIn(source: string): ArrowFunctionExpression | FunctionExpression | undefined {
  let node: Expression;
  try {
    node = parseFunction(source);
  } catch {
    return undefined;
  }
  while (node.type === "ParenthesizedExpression") node = node.expression;
  if (node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression") return node;
  if (node.type !== "ObjectExpression") return undefined;
  const [method] = node.properties; // a method stands in an object of its own
  return method?.type === "Property" && method.value.type === "FunctionExpression" ? method.value : undefined;
}

/** Whether code in the function may come by its arguments without naming them. */
function seesItsArguments(node: AnyNode): boolean {
  if (node.type === "Identifier" && (node.name === "arguments" || node.name === "eval")) return true;
  return childrenOf(node).some(seesItsArguments);
}

/** True where every mention of `row` below `node` reads a column by its name, which is added to `read`. */
function readsColumnsOnly(node: AnyNode, row: string, read: Set<string>): boolean {
  const isRow = (each: AnyNode | null | undefined): boolean => each?.type === "Identifier" && each.name === row;
  if (isRow(node)) return false;
  if (node.type === "MemberExpression" && isRow(node.object)) {
    const name = nameOf(node.property, node.computed);
    if (name === undefined) return false;
    read.add(name);
    return true;
  }
  if (node.type === "VariableDeclarator" && isRow(node.init)) {
    return takesApart(node.id, read) && readsColumnsOnly(node.id, row, read);
  }
  return childrenOf(node).every((child) => readsColumnsOnly(child, row, read));
}

/** True for a pattern `{ a, b: c }`, whose names are added to `read`. */
function takesApart(pattern: AnyNode, read: Set<string>): boolean {
  if (pattern.type !== "ObjectPattern") return false;
  return pattern.properties.every((property) => {
    const name = property.type === "Property" ? nameOf(property.key, property.computed) : undefined;
    if (name !== undefined) read.add(name);
    return name !== undefined;
  });
}

/** The name of a property that the source says. */
function nameOf(key: AnyNode, computed: boolean): string | undefined {
  if (key.type === "Identifier" && !computed) return key.name;
  return key.type === "Literal" && typeof key.value === "string" ? key.value : undefined;
}
