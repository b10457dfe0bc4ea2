// One conversation with the Hub: requests with timeouts, retries with back-off, redirects followed by hand. The token goes
// to the endpoint and to nobody else: each hop decides anew whether it gets the header.
import { setTimeout as wait } from "node:timers/promises";
import type { Dispatcher } from "undici";
import { debug, info } from "../support/log.js";
import { version } from "../support/version.js";
import { endpointOf, hubEnvironment, variable } from "./environment.js";
import { HubError, reasonOf, showUrl } from "./errors.js";
import { chooseToken, type Token } from "./token.js";

export interface ConnectionOptions {
  /** A token; `true`: the stored one, or an error; `false`: none. Default: HF_TOKEN, else the token file, else none. */
  readonly token?: string | boolean;
  /** Default: HF_ENDPOINT, else https://huggingface.co. */
  readonly endpoint?: string;
  /** How often a request is tried before it fails. Default 5. */
  readonly attempts?: number;
  /** Seconds before the second attempt; they double from one to the next, up to 8. Default 1. */
  readonly retryWait?: number;
}

export interface HubRequest {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** A path of the endpoint, or a whole URL. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is; bytes are made anew for each attempt. */
  readonly body?: string | { readonly length: number; readonly bytes: () => AsyncIterable<Uint8Array> };
  /** Which redirects to follow: `inside` stops at one that leads away from the endpoint. Default `all`. */
  readonly redirects?: "all" | "inside";
  /** The content is to be read as it comes. Else it is read whole before the answer is given, and again if it is cut. */
  readonly streamed?: boolean;
  /** Sees each answer that redirects, before it is followed; what it throws ends the request. */
  readonly onRedirect?: (answer: HubAnswer) => void;
  /** How often to try. `once`: a second time only where the first cannot have had an effect. */
  readonly attempts?: number | "once";
  /** Seconds that the answer may take to begin. Default HF_HUB_ETAG_TIMEOUT. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

export interface HubAnswer {
  readonly status: number;
  /** The URL that answered, after redirects. */
  readonly url: URL;
  header(name: string): string | undefined;
  /** The content, as it comes; whoever takes an answer reads or drops it. */
  readonly body: AsyncIterable<Uint8Array>;
  text(): Promise<string>;
  json(): Promise<unknown>;
  /** Leaves the content unread. */
  drop(): Promise<void>;
}

const MAX_REDIRECTS = 8;
const MAX_WAIT_SECONDS = 8; // between attempts, where the server does not say
const LONGEST_ASKED_WAIT_SECONDS = 300; // that a server may ask for with 429: its window is five minutes
const MAX_TEXT_BYTES = 64 << 20; // of an answer that is read whole
const ATTEMPTS_TO_REACH = 3; // where nobody listens or no such host is known, more patience seldom helps
const RETRIED = new Set([408, 429, 500, 502, 503, 504]);

/** A connection to one endpoint, with its token. */
export class HubConnection {
  readonly endpoint: string;
  readonly token: Token | undefined;
  readonly #attempts: number;
  readonly #retryWait: number;

  private constructor(endpoint: string, token: Token | undefined, options: ConnectionOptions) {
    this.endpoint = endpoint;
    this.token = token;
    this.#attempts = Math.max(1, options.attempts ?? 5);
    this.#retryWait = options.retryWait ?? 1;
  }

  /** @throws ConfigError for an endpoint that is no URL, or a token that cannot be one. */
  static async open(options: ConnectionOptions = {}): Promise<HubConnection> {
    const endpoint = options.endpoint === undefined ? undefined : endpointOf(options.endpoint, "the option `endpoint`");
    return new HubConnection(endpoint ?? hubEnvironment().endpoint, await chooseToken(options.token), options);
  }

  /** How often something is tried that is not one request: a transfer that is cut, a commit that meets another. */
  get attempts(): number {
    return this.#attempts;
  }

  /** True for a URL of the endpoint itself: scheme, host and port. */
  isEndpoint(url: URL): boolean {
    return url.origin === new URL(this.endpoint).origin;
  }

  /** Waits before attempt number `attempt` (from 2 on). */
  async backOff(attempt: number, signal?: AbortSignal): Promise<void> {
    const seconds = Math.min(MAX_WAIT_SECONDS, this.#retryWait * 2 ** (attempt - 2));
    await wait(seconds * (0.75 + 0.5 * Math.random()) * 1000, undefined, { signal }); // apart from others in the same trouble
  }

  /**
   * The answer to a request, whatever its status; those that a retry may better (408, 429, 5xx) come after all attempts.
   * @throws HubError `offline` where HF_HUB_OFFLINE is set, `network` where no answer comes.
   */
  async request(given: HubRequest): Promise<HubAnswer> {
    const url = new URL(given.url.startsWith("/") ? this.endpoint + given.url : given.url);
    if (hubEnvironment().offline) {
      throw new HubError("offline", `HF_HUB_OFFLINE is set, and ${showUrl(url)} is needed`);
    }
    const attempts = given.attempts === "once" ? this.#attempts : (given.attempts ?? this.#attempts);
    for (let attempt = 1; ; attempt++) {
      let answer: HubAnswer;
      try {
        answer = await this.#follow(given, url);
        if (!given.streamed) await answer.text();
      } catch (error) {
        given.signal?.throwIfAborted();
        if (error instanceof HubError) throw error;
        const isDown = neverArrived(error);
        const mayRepeat = given.attempts !== "once" || isDown;
        if (attempt >= (isDown ? Math.min(attempts, ATTEMPTS_TO_REACH) : attempts) || !mayRepeat)
          throw unreachable(url, error, attempt);
        debug(`${given.method ?? "GET"} ${showUrl(url)}: ${reasonOf(error)}; trying again`);
        await this.backOff(attempt + 1, given.signal);
        continue;
      }
      const mayRepeat = given.attempts !== "once" || answer.status === 429;
      if (!RETRIED.has(answer.status) || attempt >= attempts || !mayRepeat) return answer;
      const asked = askedWait(answer);
      if (asked !== undefined && asked > LONGEST_ASKED_WAIT_SECONDS) return answer;
      await answer.drop();
      debug(`${given.method ?? "GET"} ${showUrl(url)}: status ${answer.status}; trying again`);
      if (asked === undefined) {
        await this.backOff(attempt + 1, given.signal);
        continue;
      }
      if (asked > 2) info(`${url.host} asks to wait ${asked} s before the next request (status ${answer.status})`);
      await wait(asked * 1000, undefined, { signal: given.signal });
    }
  }

  /** One attempt, with its redirects. */
  async #follow(given: HubRequest, start: URL): Promise<HubAnswer> {
    let url = start;
    let { method = "GET", body } = given;
    for (let hop = 0; ; hop++) {
      const answer = await this.#send({ ...given, method, body }, url);
      const location = answer.header("location");
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer;
      const target = new URL(location, url);
      if (target.protocol !== "https:" && target.protocol !== "http:") {
        throw new HubError("integrity", `${showUrl(url)} redirects to ${target.protocol}, which is refused`);
      }
      if (given.redirects === "inside" && !this.isEndpoint(target)) return answer;
      if (hop >= MAX_REDIRECTS) throw new HubError("refused", `${showUrl(start)} redirects in circles`);
      await answer.drop();
      given.onRedirect?.(answer);
      if (answer.status === 303) {
        method = method === "HEAD" ? "HEAD" : "GET";
        body = undefined;
      }
      url = target;
    }
  }

  async #send(given: HubRequest, url: URL): Promise<HubAnswer> {
    const { method = "GET", body, signal } = given;
    const { answerTimeout, stallTimeout } = hubEnvironment();
    const headers: Record<string, string> = {
      "user-agent": `attune/${version}; node/${process.versions.node}`,
      "accept-encoding": "identity", // sizes, ranges and checksums are those of the content itself
      ...given.headers,
    };
    if (this.token !== undefined && this.isEndpoint(url)) headers.authorization = this.token.header;
    if (typeof body === "object") headers["content-length"] = String(body.length);
    const undici = await import("undici"); // at the first request: most programs that load Attune make none
    const answer = await undici.request(url, {
      dispatcher: dispatcherFor(url, undici),
      method,
      headers,
      body: typeof body === "object" ? bodyStream(body.bytes()) : body,
      headersTimeout: (given.timeout ?? answerTimeout) * 1000,
      bodyTimeout: stallTimeout * 1000,
      signal,
    });
    return answerOf(answer, url);
  }
}

/** undici takes any async iterable; its types name Node's streams only. */
function bodyStream(bytes: AsyncIterable<Uint8Array>): Dispatcher.DispatchOptions["body"] {
  return bytes as unknown as Dispatcher.DispatchOptions["body"];
}

function answerOf({ statusCode, headers, body }: Dispatcher.ResponseData, url: URL): HubAnswer {
  body.on("error", () => undefined); // told to whoever reads it; an answer that nobody reads any more is no accident
  const read = async () => {
    const parts: Uint8Array[] = [];
    let length = 0;
    for await (const part of body as AsyncIterable<Uint8Array>) {
      length += part.length;
      if (length > MAX_TEXT_BYTES) throw new HubError("integrity", `the answer of ${showUrl(url)} does not end`);
      parts.push(part);
    }
    return Buffer.concat(parts).toString("utf8");
  };
  let whole: Promise<string> | undefined;
  const text = () => {
    whole ??= read();
    return whole;
  };
  return {
    status: statusCode,
    url,
    header: (name) => [headers[name]].flat()[0],
    body,
    text,
    json: async () => {
      const content = await text();
      try {
        return JSON.parse(content);
      } catch (error) {
        throw new HubError(
          "integrity",
          `${showUrl(url)} answered with something else than JSON: is HF_ENDPOINT an endpoint of a Hub, and is there no ` +
            "page of a proxy or a login in between?",
          { cause: error },
        );
      }
    },
    drop: async () => {
      // the connection is worth a short rest of an answer
      if (whole === undefined) await body.dump({ limit: 65_536 }).catch(() => undefined);
    },
  };
}

/** Seconds that an answer asks to wait: Retry-After, or what is left of the window of `ratelimit: "api";r=0;t=55`. */
function askedWait(answer: HubAnswer): number | undefined {
  const window = /;\s*r=0;\s*t=(\d+)/.exec(answer.header("ratelimit") ?? "")?.[1];
  if (answer.status === 429 && window !== undefined) return Number(window) + 1;
  const after = answer.header("retry-after");
  if (after === undefined) return undefined;
  if (/^\d+$/.test(after)) return Number(after);
  const date = Date.parse(after);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

const BEFORE_SENDING = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT", "EHOSTUNREACH"]);

/** True where the request did not reach the server, so that sending it again cannot do a thing twice. */
function neverArrived(error: unknown): boolean {
  const cause = error instanceof AggregateError ? error.errors[0] : error;
  return BEFORE_SENDING.has((cause as NodeJS.ErrnoException | undefined)?.code ?? "");
}

function unreachable(url: URL, error: unknown, attempts: number): HubError {
  const tries = attempts === 1 ? "" : ` after ${attempts} attempts`;
  const proxy = proxyFor(url) === undefined ? "" : ", and the proxy of HTTPS_PROXY or HTTP_PROXY";
  return new HubError(
    "network",
    `${url.origin} does not answer${tries}: ${reasonOf(error)}. Check the connection${proxy}; slow ones may need a larger ` +
      "HF_HUB_ETAG_TIMEOUT (seconds). HF_HUB_OFFLINE=1 works from the cache alone",
    { cause: error },
  );
}

const dispatchers = new Map<string, Dispatcher>();

/** The pool of connections for a URL: direct, or through the proxy that the environment names for it. */
function dispatcherFor(
  url: URL,
  { Agent, ProxyAgent }: Pick<typeof import("undici"), "Agent" | "ProxyAgent">,
): Dispatcher {
  const proxy = proxyFor(url) ?? "";
  const existing = dispatchers.get(proxy);
  if (existing !== undefined) return existing;
  const options = { connect: { timeout: 10_000 } };
  const dispatcher = proxy === "" ? new Agent(options) : new ProxyAgent({ uri: proxy, ...options });
  dispatchers.set(proxy, dispatcher);
  return dispatcher;
}

/** The proxy for a URL by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case, as curl and Python read them. */
export function proxyFor(url: URL): string | undefined {
  const read = (name: string) => variable(name.toLowerCase()) ?? variable(name.toUpperCase());
  const proxy = read(`${url.protocol.slice(0, -1)}_proxy`) ?? read("all_proxy");
  if (proxy === undefined) return undefined;
  const host = url.hostname.toLowerCase();
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const excepted = (read("no_proxy") ?? "").split(/[\s,]+/).some((entry) => {
    const [, name, only] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    if (entry === "*") return true;
    if (!name || (only !== undefined && only !== port)) return false;
    return host === name || host.endsWith(`.${name}`);
  });
  if (excepted) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}
