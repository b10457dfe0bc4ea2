// Trackers: where a run's figures go. The main process has them, all others none.
import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

export type Figures = Readonly<Record<string, number | string | boolean>>;

/** A place for figures; anything with these methods is one. */
export interface Tracker {
  readonly name: string;
  begin(project: string, config: Readonly<Record<string, unknown>>): void | Promise<void>;
  log(values: Figures, step: number | undefined): void | Promise<void>;
  end(): void | Promise<void>;
}

/** Figures as lines of JSON in `<folder>/<project>/log.jsonl`, the configuration beside them in config.json. */
export class JsonLinesTracker implements Tracker {
  readonly name = "jsonl";
  readonly #folder: string;
  #path = "";
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async begin(project: string, config: Readonly<Record<string, unknown>>): Promise<void> {
    const folder = join(this.#folder, project);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "config.json"), `${JSON.stringify(config, undefined, 2)}\n`);
    this.#path = join(folder, "log.jsonl");
  }

  log(values: Figures, step: number | undefined): Promise<void> {
    const line = `${JSON.stringify(step === undefined ? values : { step, ...values })}\n`;
    this.#writing = this.#writing.then(() => appendFile(this.#path, line));
    return this.#writing;
  }

  async end(): Promise<void> {
    await this.#writing;
  }
}
