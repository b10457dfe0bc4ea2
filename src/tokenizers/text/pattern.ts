// Patterns of tokenizer.json: a string that is looked for as it is, or a regular expression of Oniguruma.
import { FileFormatError } from "../../support/errors.js";
import type { JsonFields } from "../json/fields.js";
import { escapeForRegExp, fromOniguruma } from "./oniguruma.js";

export class Pattern {
  readonly string: string | undefined;
  readonly regex: string | undefined;
  /** What finds the matches; it has flag g. */
  readonly regExp: RegExp;

  private constructor(string: string | undefined, regex: string | undefined, regExp: RegExp) {
    this.string = string;
    this.regex = regex;
    this.regExp = regExp;
  }

  static string(text: string): Pattern {
    return new Pattern(text, undefined, new RegExp(text === "" ? "(?!)" : escapeForRegExp(text), "gu"));
  }

  /** Throws ConfigError where the expression is damaged or uses what is not supported. */
  static regex(source: string): Pattern {
    return new Pattern(undefined, source, fromOniguruma(source));
  }

  /** Throws FileFormatError where the field holds no pattern, or one that is not supported. */
  static fromJson(fields: JsonFields, name: string): Pattern {
    if (typeof fields.object[name] === "string") return Pattern.string(fields.string(name)); // before tokenizers 0.11
    const pattern = fields.child(name);
    if (pattern.has("String")) return Pattern.string(pattern.string("String"));
    const source = pattern.string("Regex");
    try {
      return Pattern.regex(source);
    } catch (error) {
      throw new FileFormatError(`${pattern.place}.Regex: ${(error as Error).message}`, { cause: error });
    }
  }

  toJSON(): object {
    return this.string === undefined ? { Regex: this.regex } : { String: this.string };
  }
}
