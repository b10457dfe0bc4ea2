// What a function reads that is neither its own nor one of the language's: the names in its source that nothing in it
// declares. A result may be reused only where these are known, so what is not understood counts as read.
import {
  type AnyNode,
  type Expression,
  type Function as FunctionNode,
  type Pattern,
  parseExpressionAt,
  parse as parseProgram,
} from "acorn";

/** What a function's source tells. */
export interface SourceReport {
  /** Names from outside, `this`, `import("...")`: in the order in which they stand. */
  readonly captures: readonly string[];
  /** Reads of the language that give another value each time: `Math.random`. */
  readonly changing: readonly string[];
}

/** What any program finds, and what is the same each time. */
const GLOBALS: ReadonlySet<string> = new Set(
  (
    "undefined NaN Infinity Object Array String Number Boolean BigInt Symbol Map Set WeakMap WeakSet Math JSON " +
    "RegExp Date Error TypeError RangeError SyntaxError EvalError URIError ReferenceError AggregateError Promise Reflect " +
    "Proxy parseInt parseFloat isNaN isFinite encodeURIComponent decodeURIComponent encodeURI decodeURI Intl ArrayBuffer " +
    "SharedArrayBuffer DataView Int8Array Int16Array Int32Array Uint8Array Uint8ClampedArray Uint16Array Uint32Array " +
    "Float32Array Float64Array BigInt64Array BigUint64Array TextEncoder TextDecoder structuredClone console Iterator " +
    "URL URLSearchParams atob btoa setTimeout clearTimeout setImmediate clearImmediate queueMicrotask " +
    "__name"
  ) // what esbuild wraps functions with, to keep their names
    .split(" "),
);

const CHANGING: readonly (readonly [object: string, property: string])[] = [
  ["Math", "random"],
  ["Date", "now"],
];

/**
 * What a function reads from outside, by its source as `toString` gives it.
 *
 * @throws SyntaxError where the source is not JavaScript's: of a built-in or bound function
 */
export function readSource(source: string): SourceReport {
  const captures = new Set<string>();
  const changing = new Set<string>();
  visit(parseFunction(source), new Scope(undefined, true), { captures, changing });
  return { captures: [...captures], changing: [...changing] };
}

/** What a module reads from outside, and which modules it imports, `import("...")` of a fixed name among them. */
export function readModule(source: string): SourceReport & { readonly imports: readonly string[] } {
  const program = parseProgram(source, { ecmaVersion: "latest", sourceType: "module" });
  const scope = new Scope(undefined, true);
  declareVars(program, scope.names);
  const imports = new Set<string>();
  for (const statement of program.body) {
    if ("source" in statement && statement.source) imports.add(String(statement.source.value));
    if (statement.type === "ImportDeclaration") {
      for (const { local } of statement.specifiers) scope.names.add(local.name);
      continue;
    }
    const declared = "declaration" in statement ? statement.declaration : statement;
    if (declared) declareStatement(declared, scope.names);
  }
  const found = { captures: new Set<string>(), changing: new Set<string>() };
  for (const statement of program.body) {
    if (statement.type === "ImportDeclaration" || statement.type === "ExportAllDeclaration") continue;
    if (statement.type !== "ExportNamedDeclaration") visit(statement, scope, found);
    else if (statement.declaration) visit(statement.declaration, scope, found);
  }
  for (const capture of found.captures) {
    const [, name] = /^import\((".*")\)$/.exec(capture) ?? [];
    if (name === undefined) continue;
    imports.add(JSON.parse(name) as string);
    found.captures.delete(capture);
  }
  return { captures: [...found.captures], changing: [...found.changing], imports: [...imports] };
}

/** The syntax of a function by its source as `toString` gives it. Throws SyntaxError where that is not JavaScript's. */
export function parseFunction(source: string): Expression {
  const options = { ecmaVersion: "latest", sourceType: "module", preserveParens: true } as const;
  try {
    return parseWhole(`(${source}\n)`);
  } catch {
    return parseWhole(`({${source}\n})`); // a method
  }
  function parseWhole(text: string): Expression {
    const node = parseExpressionAt(text, 0, options);
    if (text.slice(node.end).trim() !== "") throw new SyntaxError("more than a function");
    return node;
  }
}

/** The names that are declared at one place of the source. */
class Scope {
  readonly names = new Set<string>();
  readonly #outer: Scope | undefined;
  /** Whether `this` here is the one of outside. */
  readonly thisIsOutside: boolean;

  constructor(outer: Scope | undefined, thisIsOutside: boolean) {
    this.#outer = outer;
    this.thisIsOutside = thisIsOutside;
  }

  has(name: string): boolean {
    return this.names.has(name) || (this.#outer?.has(name) ?? false);
  }
}

interface Found {
  readonly captures: Set<string>;
  readonly changing: Set<string>;
}

function visit(node: AnyNode, scope: Scope, found: Found): void {
  switch (node.type) {
    case "Identifier":
      if (!scope.has(node.name) && !GLOBALS.has(node.name)) found.captures.add(node.name);
      return;
    case "ThisExpression":
    case "Super":
      if (scope.thisIsOutside) found.captures.add(node.type === "Super" ? "super" : "this");
      return;
    case "ImportExpression":
      found.captures.add(
        node.source.type === "Literal" ? `import(${JSON.stringify(node.source.value)})` : "import(...)",
      );
      break;
    case "MetaProperty":
      if (node.meta.name === "import") found.captures.add("import.meta");
      return;
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      visitFunction(node, scope, found);
      return;
    case "MemberExpression":
      notice(node.object, node.property, node.computed, scope, found);
      visit(node.object, scope, found);
      if (node.computed) visit(node.property, scope, found);
      return;
    case "NewExpression":
    case "CallExpression":
      noticeDate(node, scope, found);
      break;
    case "Property":
    case "MethodDefinition":
    case "PropertyDefinition": {
      if (node.computed) visit(node.key, scope, found);
      const own = node.type === "Property" ? scope : new Scope(scope, false); // a class's own `this`
      if (node.value) visit(node.value, own, found);
      return;
    }
    case "LabeledStatement":
      visit(node.body, scope, found);
      return;
    case "BreakStatement":
    case "ContinueStatement":
      return;
    case "BlockStatement":
    case "StaticBlock":
    case "SwitchStatement":
    case "ForStatement":
    case "ForInStatement":
    case "ForOfStatement":
    case "CatchClause":
    case "ClassExpression":
    case "ClassDeclaration": {
      const inner = new Scope(scope, scope.thisIsOutside && node.type !== "StaticBlock");
      declareLexical(node, inner.names);
      visitChildren(node, inner, found);
      return;
    }
    default:
  }
  visitChildren(node, scope, found);
}

function visitChildren(node: AnyNode, scope: Scope, found: Found): void {
  for (const child of childrenOf(node)) visit(child, scope, found);
}

/** Every node right below, whatever its role. */
export function childrenOf(node: AnyNode): AnyNode[] {
  const isNode = (value: unknown): value is AnyNode => {
    return typeof value === "object" && value !== null && typeof (value as { type?: unknown }).type === "string";
  };
  return Object.values(node)
    .flat()
    .filter((value: unknown) => isNode(value)) as AnyNode[];
}

function visitFunction(node: FunctionNode | AnyNode, scope: Scope, found: Found): void {
  const { params, body, id, type } = node as FunctionNode & { type: string };
  const isArrow = type === "ArrowFunctionExpression";
  const inner = new Scope(scope, isArrow && scope.thisIsOutside);
  if (!isArrow) inner.names.add("arguments");
  if (id) inner.names.add(id.name);
  for (const param of params) declarePattern(param, inner.names);
  if (body.type === "BlockStatement") declareVars(body, inner.names);
  for (const child of [...params, body]) visit(child, inner, found);
}

/** Names of `let`, `const`, `class`, `function` and of parameters that a block, a loop, a class or a catch declares. */
function declareLexical(node: AnyNode, names: Set<string>): void {
  const declare = (statement: AnyNode | null | undefined): void => {
    if (statement) declareStatement(statement, names);
  };
  switch (node.type) {
    case "BlockStatement":
    case "StaticBlock":
      node.body.forEach(declare);
      break;
    case "SwitchStatement":
      for (const { consequent } of node.cases) consequent.forEach(declare);
      break;
    case "ForStatement":
      declare(node.init);
      break;
    case "ForInStatement":
    case "ForOfStatement":
      declare(node.left);
      break;
    case "CatchClause":
      if (node.param) declarePattern(node.param, names);
      break;
    case "ClassExpression":
    case "ClassDeclaration":
      if (node.id) names.add(node.id.name);
      break;
    default:
  }
}

function declareStatement(statement: AnyNode, names: Set<string>): void {
  if (statement.type === "VariableDeclaration") {
    for (const { id } of statement.declarations) declarePattern(id, names);
  } else if (statement.type === "FunctionDeclaration" || statement.type === "ClassDeclaration") {
    if (statement.id) names.add(statement.id.name);
  }
}

/** Names of `var`, which belong to the whole function wherever they stand in it. */
function declareVars(node: AnyNode, names: Set<string>): void {
  if (/Function/.test(node.type)) return;
  if (node.type === "VariableDeclaration" && node.kind === "var") {
    for (const { id } of node.declarations) declarePattern(id, names);
  }
  for (const child of childrenOf(node)) declareVars(child, names);
}

function declarePattern(pattern: Pattern | AnyNode, names: Set<string>): void {
  switch (pattern.type) {
    case "Identifier":
      names.add(pattern.name);
      break;
    case "ObjectPattern":
      for (const property of pattern.properties) {
        declarePattern(property.type === "RestElement" ? property.argument : property.value, names);
      }
      break;
    case "ArrayPattern":
      for (const element of pattern.elements) if (element) declarePattern(element, names);
      break;
    case "RestElement":
      declarePattern(pattern.argument, names);
      break;
    case "AssignmentPattern":
      declarePattern(pattern.left, names);
      break;
    default:
  }
}

function notice(object: AnyNode, property: AnyNode, computed: boolean, scope: Scope, found: Found): void {
  if (object.type !== "Identifier" || scope.has(object.name)) return;
  for (const [name, member] of CHANGING) {
    if (object.name !== name) continue;
    if (!computed && property.type === "Identifier" && property.name !== member) continue;
    if (computed && property.type === "Literal" && property.value !== member) continue;
    found.changing.add(`${name}.${member}`); // a computed name may be any
  }
}

/** `new Date()` and `Date()` are the time at which they run. */
function noticeDate(node: AnyNode, scope: Scope, found: Found): void {
  if (node.type !== "NewExpression" && node.type !== "CallExpression") return;
  const { callee } = node;
  if (callee.type !== "Identifier" || callee.name !== "Date" || scope.has("Date")) return;
  if (node.type === "CallExpression") found.changing.add("Date()");
  else if (node.arguments.length === 0) found.changing.add("new Date()");
}
