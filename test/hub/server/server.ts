// A Hub on the loopback: enough of its protocol for Attune and for Python's huggingface_hub to download and to publish.
// Two servers: the Hub itself, and the storage of large files, another origin that must never see a token.
import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { pipeline } from "node:stream/promises";
import { setTimeout as wait } from "node:timers/promises";
import { receiveCommit } from "./commits.js";
import { answerBatch, answerComplete, answerPart, answerPreupload, answerVerify, Uploads } from "./large-files.js";
import {
  type Commit,
  type Content,
  commitAt,
  emptyRepository,
  type Files,
  commit as makeCommit,
  type Repository,
  type RepoType,
} from "./repositories.js";

export interface Account {
  readonly name: string;
  readonly orgs?: readonly string[];
  /** Of its token. Default "write". */
  readonly role?: "read" | "write";
}

/** What happens to an answer in place of what should. */
export interface Fault {
  /** Answer with this status instead. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text?: string;
  /** Cut the connection after so many bytes of the content; 0: before the answer. */
  readonly cutAfter?: number;
  /** Milliseconds before the answer. */
  readonly delay?: number;
  /** Milliseconds between the content's parts. */
  readonly pause?: number;
  /** Changes the content's bytes. */
  readonly corrupt?: boolean;
  /** Ignore the header Range. */
  readonly noRanges?: boolean;
}

export interface Seen {
  readonly server: "hub" | "storage";
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

export interface Request {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly account: Account | undefined;
}

export class LoopbackHub {
  readonly repositories = new Map<string, Repository>();
  /** Old ids and what they are now. */
  readonly renamed = new Map<string, string>();
  /** Accounts by token. */
  readonly accounts = new Map<string, Account>();
  readonly uploads = new Uploads();
  readonly seen: Seen[] = [];
  /** Asked for each request; what it gives is what goes wrong with it. */
  fault: (seen: Seen) => Fault | undefined = () => undefined;
  /** Entries on a page of a listing. */
  pageSize = 1000;
  readonly #hub: Server;
  readonly #storage: Server;
  readonly #sockets = new Set<Socket>();
  /** Signed addresses of the storage: what may be fetched there. */
  readonly #signed = new Map<string, Content>();

  private constructor() {
    this.#hub = createServer((message, response) => void this.#answer("hub", message, response));
    this.#storage = createServer((message, response) => void this.#answer("storage", message, response));
    for (const server of [this.#hub, this.#storage]) {
      server.on("connection", (socket) => {
        this.#sockets.add(socket);
        socket.on("close", () => this.#sockets.delete(socket));
      });
    }
  }

  static async start(): Promise<LoopbackHub> {
    const hub = new LoopbackHub();
    for (const server of [hub.#hub, hub.#storage]) {
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    }
    return hub;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all([this.#hub, this.#storage].map((server) => new Promise((resolve) => server.close(resolve))));
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#hub.address() as AddressInfo).port}`;
  }

  get storage(): string {
    return `http://127.0.0.1:${(this.#storage.address() as AddressInfo).port}`;
  }

  /** Adds a repository whose branch main has these files. */
  add(type: RepoType, id: string, files: Files, more: Partial<Pick<Repository, "private" | "gated">> = {}): Repository {
    const repository = Object.assign(emptyRepository(type, id), more);
    makeCommit(repository, "main", files);
    this.repositories.set(`${type}s/${id}`, repository);
    return repository;
  }

  /** Files at the head of a branch. */
  files(type: RepoType, id: string, branch = "main"): Files {
    const repository = this.repositories.get(`${type}s/${id}`);
    return (repository && commitAt(repository, branch)?.files) ?? new Map();
  }

  async text(type: RepoType, id: string, path: string, branch = "main"): Promise<string> {
    const content = this.files(type, id, branch).get(path)?.content;
    const parts: Uint8Array[] = [];
    if (content) for await (const part of content.read(0, content.size)) parts.push(part as Uint8Array);
    return Buffer.concat(parts).toString("utf8");
  }

  async #answer(server: "hub" | "storage", message: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(message.url ?? "/", server === "hub" ? this.endpoint : this.storage);
    const { authorization, range } = message.headers;
    const seen = { server, method: message.method ?? "GET", path: url.pathname, authorization, range };
    this.seen.push(seen);
    try {
      const fault = this.fault(seen);
      if (fault?.delay) await wait(fault.delay);
      if (fault?.cutAfter === 0) {
        message.socket.destroy();
        return;
      }
      if (fault?.status !== undefined) {
        message.resume();
        response.writeHead(fault.status, fault.headers);
        response.end(fault.text);
        return;
      }
      if (fault?.cutAfter !== undefined && url.pathname.startsWith("/api/"))
        cutAnswer(message, response, fault.cutAfter);
      const token = /^Bearer (.*)$/.exec(authorization ?? "")?.[1];
      const account = token === undefined ? undefined : this.accounts.get(token);
      if (server === "hub" && token !== undefined && account === undefined) {
        refuse(response, 401, { "x-error-message": "Invalid credentials in Authorization header" });
        return;
      }
      const request = { message, response, url, account };
      await (server === "hub" ? this.#answerHub(request, fault) : this.#answerStorage(request, fault));
    } catch (error) {
      if (!response.headersSent) json(response, { error: String(error) }, 500);
      else response.destroy();
    }
  }

  async #answerStorage(request: Request, fault: Fault | undefined): Promise<void> {
    const { message, response, url } = request;
    if (message.headers.authorization !== undefined) return json(response, { error: "no tokens here" }, 400);
    if (message.method === "PUT") return answerPart(this, request);
    const content = this.#signed.get(url.pathname);
    if (content === undefined || url.searchParams.get("signature") !== "secret") return refuse(response, 403);
    await sendContent(message, response, content, { etag: '"storage"' }, fault);
  }

  async #answerHub(request: Request, fault: Fault | undefined): Promise<void> {
    const { response, url, account } = request;
    const path = decodeURI(url.pathname);
    if (path === "/api/whoami-v2") {
      if (account === undefined) return refuse(response, 401, { "x-error-message": "Invalid username or password." });
      return json(response, {
        type: "user",
        name: account.name,
        fullname: account.name,
        orgs: (account.orgs ?? []).map((name) => ({ name, type: "org" })),
        auth: {
          type: "access_token",
          accessToken: { displayName: `${account.name}-token`, role: account.role ?? "write" },
        },
      });
    }
    if (path === "/api/repos/create") return this.#create(request);
    if (path === "/api/validate-yaml") return json(response, { errors: [], warnings: [] });
    if (path.startsWith("/lfs/complete/")) return answerComplete(this, request);
    if (path.startsWith("/lfs/verify/")) return answerVerify(this, request);
    const [, kind, id, action = ""] =
      /^\/api\/(models|datasets)\/((?:[^/]+\/)?[^/]+?)(?:\/(revision|tree|paths-info|preupload|commit|branch)(?:\/.*)?)?$/.exec(
        path,
      ) ?? [];
    if (kind !== undefined) return this.#api(request, kind, id, action, rawRest(url, action));
    const [, dataset, name, what, tail] =
      /^\/(datasets\/)?((?:[^/]+\/)?[^/]+?)(\/resolve\/|\.git\/info\/lfs\/objects\/batch$)(.*)$/.exec(url.pathname) ??
      [];
    if (name !== undefined) {
      const repository = this.#repository(request, `${dataset ?? "models/"}${decodeURIComponent(name)}`);
      if (repository === undefined) return;
      if (what !== "/resolve/") return answerBatch(this, request, repository);
      const [revision, ...parts] = tail.split("/").map(decodeURIComponent);
      return this.#resolve(request, repository, revision, parts.join("/"), fault);
    }
    json(response, { error: `no such address: ${path}` }, 404);
  }

  /** The repository that a request is about; undefined where the request has been answered. */
  #repository({ response, account, url }: Request, key: string, writing = false): Repository | undefined {
    const now = this.renamed.get(key);
    if (now !== undefined) {
      const [from, to] = [key, now].map((each) =>
        url.pathname.startsWith("/api/") ? each : each.replace(/^models\//, ""),
      );
      response.writeHead(307, { location: url.pathname.replace(from, to) + url.search });
      response.end();
      return undefined;
    }
    const repository = this.repositories.get(key);
    const owner = key.split("/")[1];
    const mine = account !== undefined && (account.name === owner || account.orgs?.includes(owner));
    if (repository === undefined || (repository.private && !mine)) {
      const status = account === undefined ? 401 : 404;
      refuse(response, status, { "x-error-code": "RepoNotFound", "x-error-message": "Repository not found" });
      return undefined;
    }
    if (writing && (!mine || account?.role === "read")) {
      const status = account === undefined ? 401 : 403;
      refuse(response, status, { "x-error-message": "Forbidden: pass a token with write access" });
      return undefined;
    }
    return repository;
  }

  async #create({ message, response, account }: Request): Promise<void> {
    const asked = JSON.parse(await bodyOf(message)) as Record<string, unknown>;
    if (account === undefined) return refuse(response, 401, { "x-error-message": "Invalid username or password." });
    const owner = typeof asked.organization === "string" ? asked.organization : account.name;
    const allowed = owner === account.name || account.orgs?.includes(owner);
    if (!allowed || account.role === "read") {
      return refuse(response, 403, {
        "x-error-message": `You don't have the rights to create a model under the namespace "${owner}"`,
      });
    }
    const type = (asked.type ?? "model") as RepoType;
    const id = `${owner}/${String(asked.name)}`;
    const url = `${this.endpoint}/${type === "model" ? "" : "datasets/"}${id}`;
    const status = this.repositories.has(`${type}s/${id}`) ? 409 : 200;
    if (status === 200) {
      const isPrivate = asked.visibility === "private" || asked.private === true;
      this.repositories.set(`${type}s/${id}`, emptyRepository(type, id, isPrivate));
    }
    json(response, status === 409 ? { error: "You already created this repo", url } : { url, name: id }, status);
  }

  async #api(request: Request, kind: string, id: string, action: string, rest: string): Promise<void> {
    const { message, response, url } = request;
    const asPull = url.searchParams.get("create_pr") === "1";
    const writing = (["preupload", "commit"].includes(action) && !asPull) || action === "branch";
    const repository = this.#repository(request, `${kind}/${id}`, writing);
    if (repository === undefined) return;
    const [revision, ...parts] = rest.split("/").map(decodeURIComponent);
    const commit = commitAt(repository, revision || "main");
    if (action === "branch") {
      const { startingPoint } = JSON.parse((await bodyOf(message)) || "{}") as { startingPoint?: string };
      const start = commitAt(repository, startingPoint ?? "main");
      if (repository.branches.has(revision) || start === undefined) return json(response, { error: "exists" }, 409);
      repository.branches.set(revision, start.id);
      return json(response, {});
    }
    if (commit === undefined) {
      return refuse(response, 404, {
        "x-error-code": "RevisionNotFound",
        "x-error-message": `Invalid rev id: ${revision}`,
      });
    }
    if (action === "preupload") return answerPreupload(request, commit);
    if (action === "commit") return receiveCommit(this, request, repository, revision, asPull);
    if (action === "tree") return this.#tree(request, commit, parts.join("/"));
    if (action === "paths-info") {
      const body = await bodyOf(message);
      const fields = message.headers["content-type"]?.includes("json")
        ? (JSON.parse(body) as { paths: string[]; expand?: boolean })
        : { paths: new URLSearchParams(body).getAll("paths"), expand: /expand=true/i.test(body) };
      return json(
        response,
        fields.paths.flatMap((path) => listed(path, commit, fields.expand ?? false)),
      );
    }
    json(response, {
      _id: "1",
      id: repository.id,
      modelId: repository.id,
      sha: commit.id,
      private: repository.private,
      gated: repository.gated === undefined ? false : "manual",
      tags: [],
      siblings: [...commit.files.keys()].map((rfilename) => ({ rfilename })),
    });
  }

  #tree({ response, url }: Request, commit: Commit, folder: string): void {
    const start = Number(url.searchParams.get("cursor") ?? 0);
    const prefix = folder === "" ? "" : `${folder}/`;
    const inside = [...commit.files.keys(), ...foldersOf(commit.files)].filter((path) => path.startsWith(prefix));
    if (folder !== "" && inside.length === 0) {
      refuse(response, 404, { "x-error-code": "EntryNotFound" });
      return;
    }
    const isRecursive = url.searchParams.get("recursive")?.toLowerCase() === "true";
    const paths = inside.filter((path) => isRecursive || !path.slice(prefix.length).includes("/")).sort();
    if (start + this.pageSize < paths.length) {
      const next = new URL(url);
      next.searchParams.set("cursor", String(start + this.pageSize));
      response.setHeader("link", `<${next.href}>; rel="next"`);
    }
    const expand = url.searchParams.get("expand")?.toLowerCase() === "true";
    json(
      response,
      paths.slice(start, start + this.pageSize).flatMap((path) => listed(path, commit, expand)),
    );
  }

  async #resolve(
    { message, response, account }: Request,
    repository: Repository,
    revision: string,
    path: string,
    fault: Fault | undefined,
  ): Promise<void> {
    const commit = commitAt(repository, revision);
    if (commit === undefined) return refuse(response, 404, { "x-error-code": "RevisionNotFound" });
    response.setHeader("x-repo-commit", commit.id);
    if (repository.gated !== undefined && !repository.gated.includes(account?.name ?? "")) {
      const status = account === undefined ? 401 : 403;
      const said = `Access to model ${repository.id} is restricted.`;
      return refuse(response, status, { "x-error-code": "GatedRepo", "x-error-message": said });
    }
    const file = commit.files.get(path);
    if (file === undefined) {
      return refuse(response, 404, { "x-error-code": "EntryNotFound", "x-error-message": "Entry not found" });
    }
    if (file.sha256 === undefined) {
      return sendContent(message, response, file.content, { etag: `"${file.oid}"` }, fault);
    }
    const address = `/objects/${file.sha256}`;
    this.#signed.set(address, file.content);
    response.writeHead(302, {
      location: `${this.storage}${address}?signature=secret`,
      "x-linked-etag": `"${file.sha256}"`,
      "x-linked-size": String(file.content.size),
      ...(file.xetHash === undefined ? {} : { "x-xet-hash": file.xetHash }),
      ...fault?.headers,
    });
    response.end();
  }

  /** An address of the storage that a content may be put to. */
  partAddress(upload: string, part: number): string {
    return `${this.storage}/upload/${upload}/${part}?signature=${randomBytes(4).toString("hex")}`;
  }
}

/** What of a path comes after an action, undecoded: a revision may hold an encoded slash. */
function rawRest(url: URL, action: string): string {
  return new RegExp(`/${action}/(.*)$`).exec(url.pathname)?.[1] ?? "";
}

/** Makes an answer of the API break off after some bytes, if it is longer. */
function cutAnswer(message: IncomingMessage, response: ServerResponse, bytes: number): void {
  const end = response.end.bind(response);
  response.end = ((content?: unknown) => {
    if (typeof content !== "string" || content.length <= bytes) return end(content as string);
    response.write(content.slice(0, bytes), () => message.socket.destroy());
    return response;
  }) as typeof response.end;
}

/** All folders that files are in. */
function foldersOf(files: Files): Set<string> {
  const folders = [...files.keys()].flatMap((path) =>
    path.split("/").map((_, i, parts) => parts.slice(0, i).join("/")),
  );
  return new Set(folders.filter((folder) => folder !== ""));
}

/** A file or a folder as listings show it; nothing for a path that is not there. */
function listed(path: string, commit: Commit, expand: boolean): object[] {
  const file = commit.files.get(path);
  const lastCommit = { id: commit.id, title: commit.title, date: "2026-01-01T00:00:00.000Z" };
  const more = expand ? { lastCommit } : {};
  if (file === undefined) {
    const isFolder = foldersOf(commit.files).has(path);
    return isFolder ? [{ type: "directory", path, oid: commit.id, size: 0, ...more }] : [];
  }
  const { content, oid, sha256, xetHash } = file;
  const lfs = sha256 === undefined ? {} : { lfs: { oid: sha256, size: content.size, pointerSize: 134 } };
  const xet = xetHash === undefined ? {} : { xetHash };
  return [{ type: "file", path, oid, size: content.size, ...lfs, ...xet, ...more }];
}

export function refuse(response: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(status, headers);
  response.end();
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(value));
}

export async function bodyOf(message: IncomingMessage): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of message) parts.push(part as Uint8Array);
  return Buffer.concat(parts).toString("utf8");
}

/** Sends a content or the range that is asked for, with what goes wrong. */
async function sendContent(
  message: IncomingMessage,
  response: ServerResponse,
  content: Content,
  headers: Readonly<Record<string, string>>,
  fault: Fault = {},
): Promise<void> {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(message.headers.range ?? "") ?? [];
  const ranged = first !== undefined && !fault.noRanges;
  const start = ranged ? Number(first) : 0;
  const end = ranged && last ? Math.min(content.size, Number(last) + 1) : content.size;
  if (ranged && start >= content.size) {
    refuse(response, 416, { "content-range": `bytes */${content.size}` });
    return;
  }
  response.writeHead(ranged ? 206 : 200, {
    "accept-ranges": "bytes",
    "content-length": String(end - start),
    ...(ranged ? { "content-range": `bytes ${start}-${end - 1}/${content.size}` } : {}),
    ...headers,
    ...fault.headers,
  });
  if (message.method === "HEAD") {
    response.end();
    return;
  }
  if (fault.cutAfter === undefined && !fault.corrupt && !fault.pause) {
    await pipeline(content.read(start, end), response).catch(() => response.destroy());
    return;
  }
  let left = fault.cutAfter ?? Infinity;
  for await (const chunk of content.read(start, end)) {
    const bytes = Uint8Array.from((chunk as Uint8Array).subarray(0, left));
    if (fault.corrupt && bytes.length > 0) bytes[0] ^= 1;
    left -= bytes.length;
    if (!response.write(bytes)) await new Promise((resolve) => response.once("drain", resolve).once("close", resolve));
    if (fault.pause) await wait(fault.pause);
    if (left <= 0) break;
  }
  if (left > 0) response.end();
  else setImmediate(() => message.socket.destroy());
}
