// A request's body: JSON of a limited size.
import type { IncomingMessage } from "node:http";
import { HttpError } from "./http-error.js";

/** What is left of the body is not wanted: the connection ends with the answer. */
const END = { connection: "close" };

/**
 * Reads it.
 * @throws HttpError 415 for another type, 413 for too many bytes, 408 where `signal` aborts first, 400 for what is no JSON
 *   in UTF-8 or ends too early
 */
export async function readJson(request: IncomingMessage, maxBytes: number, signal: AbortSignal): Promise<unknown> {
  const type = request.headers["content-type"] ?? "";
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) {
    throw new HttpError(415, `the body must be application/json, not ${type === "" ? "of no type" : type}`, END);
  }
  const bytes = await readBytes(request, maxBytes, signal);
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new HttpError(400, "the body is not UTF-8");
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new HttpError(400, `the body is not JSON: ${(error as Error).message}`);
  }
}

/** By events, not by iteration: leaving an iteration destroys the connection, and with it the answer. */
function readBytes(request: IncomingMessage, maxBytes: number, signal: AbortSignal): Promise<Buffer> {
  const tooLarge = new HttpError(413, `the body has more than ${maxBytes} bytes`, END);
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(tooLarge);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (error: HttpError) => {
      request.removeAllListeners("data");
      chunks.length = 0;
      reject(error);
    };
    request.on("data", (chunk: Buffer) => {
      size += chunk.byteLength;
      if (size > maxBytes) refuse(tooLarge);
      else chunks.push(chunk);
    });
    request.once("end", () => resolve(Buffer.concat(chunks)));
    request.once("error", () => refuse(new HttpError(400, "the body ended too early", END)));
    signal.addEventListener("abort", () => refuse(new HttpError(408, "the body did not arrive in time", END)), {
      once: true,
    });
  });
}
