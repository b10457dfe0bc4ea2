// Reading within a folder and nowhere else: no path leads out by `..`, no link is followed, nothing that is not a plain
// file is opened, and no file is read that is larger than it may be.
import { constants, type Dirent } from "node:fs";
import { type FileHandle, open, readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { ConfigError, FileFormatError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { parsePythonJson } from "../support/python-json.js";

/** A file that is not there, not a plain file, or behind a link. */
export class NotThere extends FileFormatError {}

/** The path of something in a run's folder. */
export function within(run: string, ...names: readonly string[]): string {
  return (run === "." ? names : [run, ...names]).join("/");
}

export class Inside {
  /** Absolute, with all links followed: the folder itself may be one. */
  readonly root: string;

  private constructor(root: string) {
    this.root = root;
  }

  /** @throws ConfigError where there is no such folder */
  static async open(folder: string): Promise<Inside> {
    const root = await realpath(folder).catch((error: Error) => {
      throw new ConfigError(`there is no folder ${folder}`, { cause: error });
    });
    if (!(await stat(root)).isDirectory()) throw new ConfigError(`${folder} is a file, not a folder`);
    return new Inside(root);
  }

  /** The place of a path with slashes, "." for the folder itself. @throws NotThere for one that could lead out */
  place(path: string): string {
    if (path === ".") return this.root;
    const parts = path.split("/");
    const bad = (part: string) =>
      part === "" || part === "." || part === ".." || part.includes("\0") || part.includes(sep);
    if (parts.some(bad)) throw new NotThere(`${JSON.stringify(path)} is not a path within the folder`);
    return join(this.root, ...parts);
  }

  /** What a folder holds; nothing where it is not there, or behind a link. */
  async list(path: string): Promise<Dirent[]> {
    try {
      return await readdir(await this.#real(path), { withFileTypes: true });
    } catch {
      return [];
    }
  }

  /** Opens a plain file for reading. @throws NotThere */
  async open(path: string): Promise<FileHandle> {
    const place = await this.#real(path);
    const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants; // neither waits for a pipe's writer nor follows a link
    const file = await open(place, O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch((error: Error) => {
      throw new NotThere(`${path} cannot be opened: ${error.message}`, { cause: error });
    });
    if ((await file.stat()).isFile()) return file;
    await file.close();
    throw new NotThere(`${path} is not a plain file`);
  }

  /** @throws NotThere; FileFormatError where it holds more than `limit` bytes */
  async readText(path: string, limit = 16 << 20): Promise<string> {
    const file = await this.open(path);
    try {
      const { size } = await file.stat();
      if (size > limit) throw new FileFormatError(`${path} holds ${size} bytes, more than the ${limit} that are read`);
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  }

  /** An object of JSON; undefined where the file is not there or does not hold one. */
  async readObject(path: string): Promise<Record<string, unknown> | undefined> {
    try {
      const json: unknown = parsePythonJson(await this.readText(path));
      return isObject(json) ? json : undefined;
    } catch {
      return undefined;
    }
  }

  async #real(path: string): Promise<string> {
    const place = this.place(path);
    const real = await realpath(place).catch((error: Error) => {
      throw new NotThere(`${path} is not there: ${error.message}`, { cause: error });
    });
    if (real !== place) throw new NotThere(`${path} is behind a link`);
    return place;
  }
}
