// Regular expressions of tokenizer.json, which are written for Oniguruma (its Ruby syntax), as expressions of JavaScript.
// Classes are frozen at the Unicode version of Python's tokenizers; what has no counterpart is refused by name.
import { ConfigError } from "../../support/errors.js";
import { property } from "./unicode.js";

const WHITE_SPACE = "\\p{White_Space}";
const WORD_IN_CLASS = `[${property("Alphabetic")}${property("M")}${property("Nd")}${property("Pc")}]`;
/** Oniguruma takes these numbers for word characters, but not in a class. */
const WORD = `[${WORD_IN_CLASS}\\xb2\\xb3\\xb9\\xbc-\\xbe]`;

/** Escapes that stand for classes. */
const CLASSES: Readonly<Record<string, string>> = {
  s: WHITE_SPACE,
  S: `[^${WHITE_SPACE}]`,
  w: WORD,
  W: `[^${WORD}]`,
  d: property("Nd"),
  D: `[^${property("Nd")}]`,
  h: "[0-9a-fA-F]",
  H: "[^0-9a-fA-F]",
};

/** Escapes outside of classes that stand for something else than themselves. */
const ASSERTIONS: Readonly<Record<string, string>> = {
  A: "(?<![^])",
  z: "(?![^])",
  Z: "(?=\\n?(?![^]))",
  b: `(?:(?<=${WORD})(?!${WORD})|(?<!${WORD})(?=${WORD}))`,
  B: `(?:(?<=${WORD})(?=${WORD})|(?<!${WORD})(?!${WORD}))`,
  R: "(?:\\r\\n|[\\n-\\r\\x85\\u2028\\u2029])",
};

/** Letters that a case-insensitive match takes for others beside their other case. */
const FOLDED: Readonly<Record<string, string>> = { s: "\u017f", k: "\u212a" };

/**
 * The expression with flags g and v.
 * @throws ConfigError where it is damaged or uses what is not supported
 */
export function fromOniguruma(source: string): RegExp {
  try {
    return new RegExp(new Translator(source).translate(), "gv");
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`the regular expression ${source} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** A text as an expression (flag u or v) that matches it. */
export function escapeForRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

class Translator {
  readonly #source: string;
  #at = 0;
  #atomic = 0;

  constructor(source: string) {
    this.#source = source;
  }

  translate(): string {
    const result = this.#alternatives(false);
    if (this.#at < this.#source.length) throw this.#refuse("an unmatched )");
    return result;
  }

  /** Up to the end, or the bracket that closes a group. */
  #alternatives(ignoreCase: boolean): string {
    let result = "";
    while (this.#at < this.#source.length && this.#source[this.#at] !== ")") {
      const atom = this.#atom(ignoreCase);
      result += this.#quantified(atom);
    }
    return result;
  }

  #atom(ignoreCase: boolean): string {
    const character = this.#next();
    switch (character) {
      case "(":
        return this.#group(ignoreCase);
      case "[":
        return this.#class(ignoreCase);
      case "\\":
        return this.#escape(ignoreCase);
      case ".":
        return "[^\\n]";
      case "^":
        return "(?<![^\\n])"; // lines, in Ruby
      case "$":
        return "(?![^\\n])";
      case "|":
        return "|";
      default:
        return ignoreCase ? anyCase(character) : escapeForRegExp(character);
    }
  }

  #group(ignoreCase: boolean): string {
    const open = /\?(?:[:=!]|<[=!]|>|<\w+>|[imx]*(?:-[imx]+)?:)/y;
    open.lastIndex = this.#at;
    const kind = open.exec(this.#source)?.[0];
    if (kind === undefined && this.#source[this.#at] === "?") {
      throw this.#refuse(`the group (${this.#source.slice(this.#at, this.#at + 3)}`);
    }
    this.#at += kind?.length ?? 0;
    const flags = /^\?([imx]*)(?:-([imx]+))?:$/.exec(kind ?? "");
    if (flags && /[mx]/.test(flags[1] + (flags[2] ?? ""))) throw this.#refuse(`the option ${kind}`);
    const folds = flags ? flags[1] === "i" || (ignoreCase && flags[2] !== "i") : ignoreCase;
    const inner = this.#alternatives(folds);
    if (this.#next() !== ")") throw this.#refuse("a group that does not end");
    if (kind === "?>") return this.#atomicGroup(inner);
    return flags || kind === undefined ? `(?:${inner})` : `(${kind}${inner})`;
  }

  #escape(ignoreCase: boolean): string {
    const character = this.#next();
    if (character in ASSERTIONS) return ASSERTIONS[character];
    if (/[0-9kgGKXK]/.test(character)) throw this.#refuse(`\\${character}`);
    return this.#escaped(character, ignoreCase);
  }

  /** An escape that stands for a character or a class, inside of a class or outside. */
  #escaped(character: string, ignoreCase: boolean): string {
    if (character in CLASSES) return CLASSES[character];
    if (character === "p" || character === "P") return this.#property(character === "P");
    if (/[tnrfv]/.test(character)) return `\\${character}`;
    if (character === "a") return "\\x07";
    if (character === "e") return "\\x1b";
    if (character === "x" || character === "u") {
      const digits = /\{\s*([0-9a-fA-F]+)\s*\}|[0-9a-fA-F]{1,4}/y;
      digits.lastIndex = this.#at;
      const found = digits.exec(this.#source);
      if (!found) throw this.#refuse(`\\${character}`);
      const hex = found[1] ?? found[0].slice(0, character === "x" ? 2 : 4);
      this.#at += found[1] === undefined ? hex.length : found[0].length;
      return `\\u{${hex}}`;
    }
    if (/[a-zA-Z0-9]/.test(character)) throw this.#refuse(`\\${character}`);
    return ignoreCase ? anyCase(character) : escapeForClass(character);
  }

  #escapedInClass(): string {
    const character = this.#next();
    if (character === "w") return WORD_IN_CLASS;
    return character === "W" ? `[^${WORD_IN_CLASS}]` : this.#escaped(character, false);
  }

  #property(negated: boolean): string {
    const name = /\{(\^?)([\w\s=]+)\}/y;
    name.lastIndex = this.#at;
    const found = name.exec(this.#source);
    if (!found) throw this.#refuse("\\p without a property");
    this.#at += found[0].length;
    const set = property(propertyName(found[2]));
    return negated !== (found[1] === "^") ? `[^${set}]` : set;
  }

  /** A class, after its opening bracket. */
  #class(ignoreCase: boolean): string {
    let result = "[";
    if (this.#source[this.#at] === "^") result += this.#next();
    let first = true;
    for (;;) {
      const character = this.#next();
      if (character === "]" && !first) return `${result}]`;
      first = false;
      if (character === "[") {
        if (this.#source[this.#at] === ":") result += this.#posixClass();
        else result += this.#class(ignoreCase);
      } else if (character === "&" && this.#source[this.#at] === "&") throw this.#refuse("&& in a class");
      else if (character === "-" && this.#isRangeDash(result)) result += "-";
      else if (character === "\\") result += this.#escapedInClass();
      else result += ignoreCase ? insideOfClass(anyCase(character)) : escapeForClass(character);
    }
  }

  /** Whether a dash stands between two characters: not at the beginning or end of the class, nor beside another class. */
  #isRangeDash(before: string): boolean {
    const next = this.#source[this.#at];
    const startsClass = next === "\\" && /[pPsSwWdDhH]/.test(this.#source[this.#at + 1] ?? "");
    return next !== "]" && !startsClass && !before.endsWith("[") && !before.endsWith("[^") && !before.endsWith("]");
  }

  #posixClass(): string {
    const name = /:(\^?)(\w+):\]/y;
    name.lastIndex = this.#at;
    const found = name.exec(this.#source);
    const classes: Readonly<Record<string, string>> = {
      alpha: property("Alphabetic"),
      digit: property("Nd"),
      space: WHITE_SPACE,
      upper: property("Uppercase"),
      lower: property("Lowercase"),
      word: WORD_IN_CLASS,
      xdigit: CLASSES.h,
    };
    const set = found ? classes[found[2]] : undefined;
    if (!found || set === undefined) throw this.#refuse("a POSIX class");
    this.#at += found[0].length;
    return found[1] ? `[^${set}]` : set;
  }

  /** The atom with the quantifiers that follow it; in Ruby a quantified atom can be quantified again. */
  #quantified(atom: string): string {
    const quantifier = /([*+?])|\{(\d*)(,?)(\d*)\}/y;
    quantifier.lastIndex = this.#at;
    const found = quantifier.exec(this.#source);
    if (!found || atom === "|" || found[0] === "{}" || found[0] === "{,}") return atom;
    this.#at += found[0].length;
    const [, single, least, comma, most] = found;
    const repeated = single ?? `{${least || 0}${comma}${most}}`;
    const next = this.#source[this.#at];
    if (next === "?" && (single !== undefined || comma !== "")) {
      this.#at++;
      return this.#quantified(`(?:${atom}${repeated}?)`);
    }
    if (next === "+" && single !== undefined) {
      this.#at++;
      return this.#quantified(this.#atomicGroup(`${atom}${repeated}`));
    }
    return /[*+?{]/.test(next ?? "") ? this.#quantified(`(?:${atom}${repeated})`) : `${atom}${repeated}`;
  }

  /** What is matched once and not tried otherwise: a lookahead remembers it, and a reference takes it. */
  #atomicGroup(inner: string): string {
    const name = `atomic${this.#atomic++}`;
    return `(?:(?=(?<${name}>${inner}))\\k<${name}>)`;
  }

  #next(): string {
    const codePoint = this.#source.codePointAt(this.#at);
    if (codePoint === undefined) throw this.#refuse("an end in the middle of an expression");
    const character = String.fromCodePoint(codePoint);
    this.#at += character.length;
    return character;
  }

  #refuse(what: string): ConfigError {
    return new ConfigError(`the regular expression ${this.#source} has ${what} at ${this.#at}, which is not supported`);
  }
}

/** A letter in both cases, as an expression. */
function anyCase(character: string): string {
  const lower = character.toLowerCase();
  const variants = [...new Set([character, lower, character.toUpperCase(), FOLDED[lower] ?? ""])].filter(
    (variant) => Array.from(variant).length === 1,
  );
  return variants.length === 1 ? escapeForRegExp(character) : `[${variants.map(escapeForClass).join("")}]`;
}

function insideOfClass(expression: string): string {
  return expression.startsWith("[") ? expression : escapeForClass(expression.replace(/^\\/, ""));
}

/** A character as a member of a class with flag v. */
function escapeForClass(character: string): string {
  return /[a-zA-Z0-9_]/.test(character) ? character : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Oniguruma's names of properties as JavaScript has them. */
function propertyName(name: string): string {
  const plain = name.replaceAll(/[\s_]/g, "");
  const posix: Readonly<Record<string, string>> = {
    alpha: "Alphabetic",
    digit: "Nd",
    space: "White_Space",
    upper: "Uppercase",
    lower: "Lowercase",
    punct: "P",
  };
  const known = posix[plain.toLowerCase()];
  if (known) return known;
  if (plain.length <= 2 || name.includes("=")) return plain;
  if (/^(Letter|Mark|Number|Punctuation|Symbol|Separator|Other|Alphabetic|Uppercase|Lowercase)$/i.test(plain)) {
    return plain[0].toUpperCase() + plain.slice(1).toLowerCase();
  }
  return `Script=${plain[0].toUpperCase()}${plain.slice(1).toLowerCase()}`;
}
