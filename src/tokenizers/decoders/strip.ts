// Takes a character from the ends of each token, so many times at most (tokenizers/src/decoders/strip.rs).
import type { JsonFields } from "../json/fields.js";
import type { Decoder } from "./index.js";

export class StripDecoder implements Decoder {
  readonly content: string;
  readonly start: number;
  readonly stop: number;

  constructor(content: string, start: number, stop: number) {
    this.content = content;
    this.start = start;
    this.stop = stop;
  }

  static fromJson(fields: JsonFields): StripDecoder {
    return new StripDecoder(fields.character("content"), fields.count("start"), fields.count("stop"));
  }

  decode(tokens: readonly string[]): string[] {
    return tokens.map((token) => {
      const characters = Array.from(token);
      const isContent = (i: number): boolean => characters[i] === this.content;
      let start = 0;
      while (start < this.start && isContent(start)) start++;
      let stop = characters.length;
      while (characters.length - stop < this.stop && stop > start && isContent(stop - 1)) stop--;
      return characters.slice(start, stop).join("");
    });
  }

  toJSON(): object {
    return { type: "Strip", content: this.content, start: this.start, stop: this.stop };
  }
}
