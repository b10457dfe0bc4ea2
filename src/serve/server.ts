// The server: routes, limits, and an end that leaves no request without its answer.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AttuneError } from "../support/errors.js";
import { warn } from "../support/log.js";
import { Batcher } from "./batcher.js";
import { readJson } from "./body.js";
import { type Answered, type Asked, computeBatch } from "./compute.js";
import { HttpError } from "./http-error.js";
import { completeLimits, type ServeLimits } from "./limits.js";
import { ServerMetrics } from "./metrics.js";
import { openApi } from "./openapi.js";
import { readPredict } from "./predict.js";
import type { AnyService, Service } from "./service.js";

export interface ListenOptions extends Partial<ServeLimits> {
  /** Default "127.0.0.1": nobody else's machine reaches it. */
  readonly host?: string;
  /** Default 8000; 0 for any that is free. */
  readonly port?: number;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

type Handler = (request: IncomingMessage, signal: AbortSignal) => Promise<Answer> | Answer;

export class ModelServer {
  readonly #service: AnyService;
  readonly #model: string;
  readonly #limits: ServeLimits;
  readonly #server: Server;
  readonly #metrics = new ServerMetrics();
  readonly #batcher: Batcher<Asked, Answered>;
  readonly #routes: Readonly<Record<string, { readonly method: string; readonly handle: Handler }>>;
  #closing: Promise<void> | undefined;
  #hasCut = false;
  #url = "";

  private constructor(service: AnyService, model: string, limits: ServeLimits) {
    this.#service = service;
    this.#model = model;
    this.#limits = limits;
    this.#batcher = new Batcher<Asked, Answered>((asked) => computeBatch(service, asked), {
      maxBatchSize: limits.maxBatchSize,
      maxQueue: limits.maxQueue,
      onBatch: (size) => this.#metrics.batch(size),
    });
    const description = json(200, openApi(service, model, limits));
    this.#routes = {
      "/predict": { method: "POST", handle: (request, signal) => this.#predict(request, signal) },
      "/health": { method: "GET", handle: () => this.#health() },
      "/metrics": { method: "GET", handle: () => this.#metricsText() },
      "/openapi.json": { method: "GET", handle: () => description },
    };
    const timers = { connectionsCheckingInterval: 1000 };
    this.#server = createServer(timers, (request, response) => void this.#answer(request, response));
    this.#server.requestTimeout = limits.timeout * 1000; // a client that sends its request too slowly
    this.#server.headersTimeout = Math.min(limits.timeout, 10) * 1000;
    this.#server.keepAliveTimeout = 5000;
    this.#server.maxHeadersCount = 100;
  }

  /**
   * Begins to listen.
   * @throws ConfigError for limits that are none; AttuneError where the address cannot be had
   */
  static async listen<Input, Settings extends object, Output>(
    service: Service<Input, Settings, Output>,
    model: string,
    { host = "127.0.0.1", port = 8000, ...limits }: ListenOptions = {},
  ): Promise<ModelServer> {
    const server = new ModelServer(service as unknown as AnyService, model, completeLimits(limits));
    await server.#listen(host, port);
    return server;
  }

  /** Where it listens: http://127.0.0.1:8000. */
  get url(): string {
    return this.#url;
  }

  /** Takes no more requests, answers those that it has, and ends. Those that are not answered in `grace` seconds are cut. */
  close({ grace = 10 }: { readonly grace?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(grace);
    return this.#closing;
  }

  get #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  async #listen(host: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(host, port, error)));
      this.#server.listen(port, host, resolve);
    });
    this.#server.removeAllListeners("error");
    this.#server.on("error", (error) => warn(`the server: ${error.message}`));
    const { address, family, port: taken } = this.#server.address() as AddressInfo;
    this.#url = `http://${family === "IPv6" ? `[${address}]` : address}:${taken}`;
  }

  async #close(grace: number): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const cut = setTimeout(() => this.#server.closeAllConnections(), grace * 1000);
    await closed;
    clearTimeout(cut);
    await this.#batcher.drained();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const start = performance.now();
    const path = (request.url ?? "/").split("?", 1)[0];
    const route = Object.hasOwn(this.#routes, path) ? this.#routes[path] : undefined;
    const ended = new AbortController();
    const { timeout } = this.#limits;
    const late = () => ended.abort(new HttpError(504, `there was no answer within ${timeout} s`));
    const gone = () => ended.abort(new HttpError(499, "the client has gone"));
    const timer = setTimeout(late, timeout * 1000);
    response.once("close", gone);
    let answer: Answer;
    try {
      if (!route) {
        throw new HttpError(404, `there is no ${path}; there are ${Object.keys(this.#routes).join(", ")}`);
      }
      if (request.method !== route.method && !(request.method === "HEAD" && route.method === "GET")) {
        throw new HttpError(405, `${path} takes ${route.method}, not ${request.method}`, { allow: route.method });
      }
      answer = await route.handle(request, ended.signal);
    } catch (error) {
      answer = this.#refusal(error);
    }
    clearTimeout(timer);
    response.off("close", gone);
    this.#metrics.request(route ? path : "other", answer.status, (performance.now() - start) / 1000);
    if (response.destroyed) return;
    response.writeHead(answer.status, {
      "content-type": answer.type,
      "content-length": Buffer.byteLength(answer.body),
      ...(this.#isClosing ? { connection: "close" } : {}),
      ...answer.headers,
    });
    response.end(request.method === "HEAD" ? undefined : answer.body);
    if (!request.complete) request.resume(); // what is left of a body that was refused
  }

  async #predict(request: IncomingMessage, signal: AbortSignal): Promise<Answer> {
    if (this.#isClosing) throw new HttpError(503, "the server stops");
    const body = await readJson(request, this.#limits.maxBodyBytes, signal);
    const answers = await this.#batcher.submit(readPredict(body, this.#service, this.#limits), signal);
    const predictions = answers.map(({ output }) => output);
    const truncated = answers.flatMap(({ isCut }, i) => (isCut ? [i] : []));
    if (truncated.length === 0) return json(200, { predictions });
    this.#countCut(truncated.length);
    return json(200, { predictions, truncated });
  }

  /** Says it once: a line for each such text would be a log that clients fill. */
  #countCut(count: number): void {
    this.#metrics.cut(count);
    if (this.#hasCut) return;
    this.#hasCut = true;
    warn(
      "a text is longer than the model takes, and a part of it was read; more of them are counted in /metrics " +
        "(attune_inputs_truncated_total), and named in their answers",
    );
  }

  #health(): Answer {
    const about = { model: this.#model, task: this.#service.task };
    return this.#isClosing ? json(503, { status: "stopping", ...about }) : json(200, { status: "ok", ...about });
  }

  #metricsText(): Answer {
    const { waiting, running } = this.#batcher;
    return {
      status: 200,
      type: "text/plain; version=0.0.4; charset=utf-8",
      body: this.#metrics.text({ waiting, running }),
    };
  }

  /** An error as an answer. What is no fault of the request is said to the log, and to the client without its details. */
  #refusal(error: unknown): Answer {
    if (error instanceof HttpError) return { ...json(error.status, { error: error.message }), headers: error.headers };
    const message = error instanceof Error ? error.message : String(error);
    warn(
      `a request failed: ${error instanceof AttuneError ? message : error instanceof Error ? error.stack : message}`,
    );
    return json(500, { error: "the model failed; the server's log says why" });
  }
}

function json(status: number, body: unknown): Answer {
  return { status, type: "application/json; charset=utf-8", body: JSON.stringify(body) };
}

function listenError(host: string, port: number, error: NodeJS.ErrnoException): AttuneError {
  const causes: Readonly<Record<string, string>> = {
    EADDRINUSE: "something else listens there (EADDRINUSE); choose another port, or 0 for any that is free",
    EACCES: "permission is denied (EACCES); ports below 1024 are the system's",
    EADDRNOTAVAIL: "this machine has no such address (EADDRNOTAVAIL)",
    ENOTFOUND: "there is no such host (ENOTFOUND)",
  };
  const cause = causes[error.code ?? ""] ?? error.message;
  return new AttuneError(`cannot listen on ${host}, port ${port}: ${cause}`, { cause: error });
}
