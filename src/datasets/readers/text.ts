// Text files: a row for each line, paragraph or document, in the column `text`.
import { ConfigError } from "../../support/errors.js";
import { type StructFeature, Value } from "../features.js";
import { BATCH_ROWS, type FileReader, type RowBatch } from "./batch.js";
import { type EncodingOptions, readText } from "./text-source.js";

/** How text files are read. */
export interface TextOptions extends EncodingOptions {
  /** What becomes a row. Default "line"; paragraphs end at an empty line. */
  sampleBy?: "line" | "paragraph" | "document";
  /** Keep the line break at the end of each line. Default false. */
  keepLinebreaks?: boolean;
}

/** A reader of text files. Line breaks of all kinds (\r\n, \r) are read as \n, as Python does. */
export class TextReader implements FileReader {
  readonly #options: TextOptions;
  readonly #column: string;

  /** `wished` may give the one column another name. Throws ConfigError where it has more, or none of strings. */
  constructor(options: TextOptions, wished: StructFeature | undefined) {
    this.#options = options;
    const [column = ["text", new Value("string")] as const, ...others] = Object.entries(wished ?? {});
    const isText = column[1] instanceof Value && column[1].dtype.includes("string");
    if (others.length > 0 || !isText) {
      throw new ConfigError("a text file has one column of strings: features can give it another name and no more");
    }
    this.#column = column[0];
    const { sampleBy = "line" } = options;
    if (!["line", "paragraph", "document"].includes(sampleBy)) {
      throw new ConfigError(`sampleBy is "line", "paragraph" or "document", not ${JSON.stringify(sampleBy)}`);
    }
  }

  features(): Promise<StructFeature> {
    return Promise.resolve({ [this.#column]: new Value("string") });
  }

  async *read(file: string, _features?: StructFeature, firstRow = 0): AsyncGenerator<RowBatch, void, void> {
    let texts: string[] = [];
    let row = 0;
    for await (const text of this.#texts(file)) {
      if (row++ < firstRow) continue;
      texts.push(text);
      if (texts.length < BATCH_ROWS) continue;
      yield this.#batch(file, texts, row - texts.length);
      texts = [];
    }
    if (texts.length > 0) yield this.#batch(file, texts, row - texts.length);
  }

  #batch(file: string, texts: string[], first: number): RowBatch {
    const where = (i: number) => `${file}, row ${first + i}`;
    return { columns: new Map([[this.#column, texts]]), length: texts.length, where };
  }

  async *#texts(file: string): AsyncGenerator<string, void, void> {
    const { sampleBy = "line", keepLinebreaks = false } = this.#options;
    const pieces = withNewlines(readText(file, this.#options));
    if (sampleBy === "document") {
      const parts: string[] = [];
      for await (const piece of pieces) parts.push(piece);
      yield parts.join("");
      return;
    }
    const separator = sampleBy === "line" ? "\n" : "\n\n";
    let text = "";
    for await (const piece of pieces) {
      text += piece;
      let start = 0;
      for (let end = text.indexOf(separator); end !== -1; end = text.indexOf(separator, start)) {
        const found = text.slice(start, end);
        start = end + separator.length;
        if (sampleBy === "line") yield keepLinebreaks ? `${found}\n` : found;
        else if (found !== "") yield found;
      }
      text = text.slice(start);
    }
    if (text !== "") yield text;
  }
}

/** The text with \n for every line break; a \r at the end of a piece waits for what follows it. */
async function* withNewlines(pieces: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  let held = "";
  for await (const piece of pieces) {
    const text = held + piece;
    held = text.endsWith("\r") ? "\r" : "";
    yield text.slice(0, text.length - held.length).replaceAll(/\r\n?/g, "\n");
  }
  if (held !== "") yield "\n";
}
