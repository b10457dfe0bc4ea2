// Who is answered: this machine's own browser that came with the link's token. Another site's page that reaches the port
// by a name of its own (DNS rebinding) is refused by the host that it asks for, a page that is open beside by the cookie,
// which it does not get sent.
import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

export interface Refusal {
  readonly status: 401 | 403;
  readonly message: string;
}

export class Guard {
  readonly #token: Buffer;
  #port = 0;

  constructor(token: string) {
    this.#token = Buffer.from(token);
  }

  /** @param port The one that the server has got. */
  setPort(port: number): void {
    this.#port = port;
  }

  /** The name of the cookie: cookies do not tell ports apart. */
  get #cookie(): string {
    return `attune_dashboard_${this.#port}`;
  }

  /** Why a request gets no answer; undefined where it does. */
  refuse(request: IncomingMessage, url: URL): Refusal | undefined {
    const hosts = ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${this.#port}`);
    if (!hosts.includes(request.headers.host ?? "")) {
      return { status: 403, message: "This server answers to its own address only: 127.0.0.1 or localhost." };
    }
    const { origin } = request.headers;
    if (origin !== undefined && !hosts.some((host) => origin === `http://${host}`)) {
      return { status: 403, message: "This server answers to its own page only." };
    }
    if (this.#isRight(url.searchParams.get("token")) || this.#isRight(this.#cookieOf(request))) return undefined;
    return {
      status: 401,
      message: "Open the link that `attune dashboard` has printed: it holds the key to this page.",
    };
  }

  /** Gives the browser that came with the token a cookie in its place. */
  welcome(url: URL, response: ServerResponse): void {
    const token = url.searchParams.get("token");
    if (token === null || !this.#isRight(token)) return;
    response.setHeader("Set-Cookie", `${this.#cookie}=${token}; Path=/; HttpOnly; SameSite=Strict`);
  }

  #cookieOf({ headers }: IncomingMessage): string | null {
    for (const pair of (headers.cookie ?? "").split(";")) {
      const [name, value] = pair.trim().split("=", 2);
      if (name === this.#cookie && value !== undefined) return value;
    }
    return null;
  }

  #isRight(given: string | null): boolean {
    const bytes = Buffer.from(given ?? "");
    return bytes.length === this.#token.length && timingSafeEqual(bytes, this.#token);
  }
}

/** What every answer carries: nothing but the page's own files and server, no frames, no guesses of types, no referrer. */
export const securityHeaders: Readonly<Record<string, string>> = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cache-Control": "no-store",
};
