// The dashboard's server: the page, what it asks, and events while runs go on. It listens on the loopback alone.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { LogStore, type Run, Runs } from "../runs/index.js";
import { AttuneError, ConfigError } from "../support/errors.js";
import { csvOf } from "./csv.js";
import { Guard, securityHeaders } from "./guard.js";
import { type PageFile, readPage } from "./page-files.js";
import type { RunAnswer, RunsAnswer } from "./protocol.js";
import { BadQuestion, parseCsv, parseSeries } from "./questions.js";
import { Searches } from "./searches.js";
import { SeriesReader } from "./series.js";
import { infoOf, Watch } from "./watch.js";

export interface DashboardOptions {
  /** A folder of runs, or a run's own. */
  readonly folder: string;
  /** Default: any that is free. */
  readonly port?: number;
  /** What the link's token is. Default: a new one. */
  readonly token?: string;
  /** A folder of this user's alone for what was read of long logs, so that the next start is quick. Default: nothing is kept. */
  readonly cache?: string;
  /** Milliseconds between two looks at the folder, while the page is open. Default 1000. */
  readonly interval?: number;
}

export interface Dashboard {
  /** With the token: what a browser opens. */
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Resolves when every run has been read once. */
  readonly loaded: Promise<void>;
  close(): Promise<void>;
}

const BODY_BYTES = 1 << 20;
const HEARTBEAT_MS = 15_000;

/**
 * Starts the server and gives the link to its page.
 * @throws ConfigError where there is no such folder, the port is taken or the token is no token
 */
export async function startDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { token = randomBytes(24).toString("base64url"), port = 0, interval = 1000 } = options;
  if (!/^[\w-]{16,}$/.test(token)) {
    throw new ConfigError("the dashboard's token must have at least 16 characters, letters, digits, - and _ alone");
  }
  const { folder, cache } = options;
  const store = cache === undefined ? undefined : new LogStore(cache);
  const [runs, searches, page] = await Promise.all([Runs.open(folder, store), Searches.open(folder), readPage()]);
  void store?.sweep();
  const watch = new Watch(runs, searches, interval);
  const guard = new Guard(token);
  const answers = new Answers({ runs, searches, watch, page, guard });
  const server = createServer((request, response) => void answers.answer(request, response));
  await listen(server, port);
  const { port: own } = server.address() as AddressInfo;
  guard.setPort(own);
  return {
    url: `http://127.0.0.1:${own}/?token=${token}`,
    port: own,
    token,
    loaded: watch.loaded,
    close: async () => {
      watch.close();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "another program listens there" : message;
    throw new ConfigError(`the dashboard cannot listen on port ${port}: ${why}`, { cause: error });
  }
}

interface Sources {
  readonly runs: Runs;
  readonly searches: Searches;
  readonly watch: Watch;
  readonly page: ReadonlyMap<string, PageFile>;
  readonly guard: Guard;
}

class Answers {
  readonly #runs: Runs;
  readonly #searches: Searches;
  readonly #watch: Watch;
  readonly #page: ReadonlyMap<string, PageFile>;
  readonly #guard: Guard;
  readonly #series = new SeriesReader();

  constructor({ runs, searches, watch, page, guard }: Sources) {
    this.#runs = runs;
    this.#searches = searches;
    this.#watch = watch;
    this.#page = page;
    this.#guard = guard;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
    try {
      const url = new URL(request.url ?? "/", "http://localhost");
      const refusal = this.#guard.refuse(request, url);
      if (refusal) return say(response, refusal.status, refusal.message);
      await this.#route(request, response, url);
    } catch (error) {
      if (response.headersSent) return void response.destroy();
      if (error instanceof BadQuestion || error instanceof AttuneError) return say(response, 400, error.message);
      say(response, 500, `The dashboard failed at this: ${(error as Error).message}`);
    }
  }

  async #route(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const { method } = request;
    const file = this.#page.get(url.pathname);
    if (file && method === "GET") {
      this.#guard.welcome(url, response);
      response.setHeader("Content-Type", file.type);
      response.end(file.content);
      return;
    }
    switch (`${method} ${url.pathname}`) {
      case "GET /api/runs":
        await this.#watch.refresh();
        return sendJson(response, this.#list());
      case "GET /api/events":
        return this.#events(request, response);
      case "GET /api/run":
        return sendJson(response, await this.#run(this.#find(url)));
      case "GET /api/search": {
        const id = url.searchParams.get("id") ?? "";
        const answer = this.#searches.answer(id, (run) => this.#runs.get(run) !== undefined);
        return answer ? sendJson(response, answer) : say(response, 404, "This search is not there any more.");
      }
      case "GET /api/evaluation": {
        const details = await this.#find(url).evaluation(url.searchParams.get("name") ?? "");
        return details ? sendJson(response, details) : say(response, 404, "This evaluation is not there any more.");
      }
      case "POST /api/series": {
        const question = parseSeries(await readJson(request));
        return sendJson(response, this.#series.read({ ...question, runs: this.#those(question.runs) }));
      }
      case "POST /api/csv": {
        const { runs, keys } = parseCsv(await readJson(request));
        response.setHeader("Content-Type", "text/csv; charset=utf-8");
        for (const text of csvOf(this.#those(runs), keys)) {
          if (!response.write(text)) await once(response, "drain");
          if (response.destroyed) return;
        }
        response.end();
        return;
      }
      default:
        return say(response, file ? 405 : 404, "There is nothing here.");
    }
  }

  #list(): RunsAnswer {
    const { folder, list } = this.#runs;
    return { folder, loading: this.#watch.loading, runs: list.map(infoOf), searches: this.#searches.list };
  }

  async #run(run: Run): Promise<RunAnswer> {
    const [checkpoints, evaluations] = await Promise.all([run.checkpoints(), run.evaluations()]);
    return { run: infoOf(run), manifest: run.manifest ?? null, checkpoints, evaluations };
  }

  #find(url: URL): Run {
    const id = url.searchParams.get("id") ?? "";
    const run = this.#runs.get(id);
    if (!run) throw new BadQuestion(`there is no run ${JSON.stringify(id)}`);
    return run;
  }

  /** Of the runs that are asked for those that are there: one may have gone meanwhile. */
  #those(ids: readonly string[]): Run[] {
    return [...new Set(ids)].flatMap((id) => this.#runs.get(id) ?? []);
  }

  #events(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" });
    response.write("retry: 1000\n\n");
    const forget = this.#watch.listen((event) => response.write(`event: runs\ndata: ${JSON.stringify(event)}\n\n`));
    const heartbeat = setInterval(() => response.write(": still there\n\n"), HEARTBEAT_MS);
    request.once("close", () => {
      forget();
      clearInterval(heartbeat);
    });
  }
}

function sendJson(response: ServerResponse, value: object): void {
  response.setHeader("Content-Type", "application/json");
  response.end(JSON.stringify(value));
}

function say(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(`${message}\n`);
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json\b/.test(request.headers["content-type"] ?? "")) throw new BadQuestion("JSON was expected");
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.length;
    if (size <= BODY_BYTES) parts.push(part); // what is too long is read to its end, so that the answer is heard
  }
  if (size > BODY_BYTES) throw new BadQuestion("the question is too long");
  try {
    return JSON.parse(Buffer.concat(parts).toString("utf8"));
  } catch {
    throw new BadQuestion("the question is no JSON");
  }
}
