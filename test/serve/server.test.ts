// The server as its clients meet it: answers, refusals, batches, limits, and its end.
import { connect } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { pipeline } from "../../src/pipelines/index.js";
import { HttpError, ModelServer, type Service } from "../../src/serve/index.js";
import { classificationService } from "../../src/serve/services/text-classification.js";
import { terminal } from "../../src/support/terminal.js";
import { sentences, tinyModel, tokenizer } from "../trainer/tiny.js";

const said: string[] = [];
vi.spyOn(terminal, "writeLine").mockImplementation((line) => void said.push(line));

const open: ModelServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close({ grace: 0.1 })));
  said.splice(0);
});

async function listen<Input, Settings extends object, Output>(
  service: Service<Input, Settings, Output>,
  options: Parameters<typeof ModelServer.listen>[2] = {},
): Promise<ModelServer> {
  const server = await ModelServer.listen(service, "tiny", { port: 0, ...options });
  open.push(server);
  return server;
}

interface Reply {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

async function post(server: ModelServer, body: unknown, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(`${server.url}/predict`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
  });
  return { status: response.status, body: (await response.json()) as Reply["body"], headers: response.headers };
}

/** The value of a line of /metrics. */
async function metric(server: ModelServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

const model = tinyModel({ id2label: ["fine", "bad"] });
const classify = await pipeline("text-classification", model, { tokenizer });
const classifier = classificationService(classify, ["fine", "bad"]);

/** A service whose batches end when they are let go. */
function gated(): {
  service: Service<string, Record<never, never>, readonly string[]>;
  batches: string[][];
  release: () => void;
} {
  const waiting: (() => void)[] = [];
  const batches: string[][] = [];
  return {
    batches,
    release: () => waiting.shift()?.(),
    service: {
      task: "echo",
      inputSchema: { type: "string" },
      outputSchema: { type: "array" },
      settings: {},
      example: "a",
      parse: (value, path) => {
        if (typeof value !== "string") throw new HttpError(400, `${path} must be a text`);
        return value;
      },
      run: async (inputs) => {
        batches.push([...inputs]);
        await new Promise<void>((resolve) => waiting.push(resolve));
        return inputs.map((input) => [input]);
      },
    },
  };
}

const until = (condition: () => boolean) => vi.waitFor(() => expect(condition()).toBe(true), { timeout: 60_000 });

describe("a classifier", () => {
  it("answers texts and pairs as the pipeline does, best label first", async () => {
    const server = await listen(classifier);
    const inputs = ["a bad day", { text: "a good day", textPair: "a bad night" }];
    const { status, body } = await post(server, { inputs, topK: null });
    expect(status).toBe(200);
    expect(body).toEqual({ predictions: JSON.parse(JSON.stringify(await classify(inputs, { topK: null }))) });
    const one = await post(server, { inputs: "a bad day" });
    const [[best]] = body.predictions as { label: string }[][];
    expect(one.body).toEqual({ predictions: [[{ label: best.label, score: expect.any(Number) }]] });
  });

  it("answers many that come at once each with its own", async () => {
    const server = await listen(classifier);
    const texts = sentences(40).map(({ text }) => text);
    const alone = await classify(texts);
    const replies = await Promise.all(texts.map((text) => post(server, { inputs: text })));
    for (const [i, { body }] of replies.entries()) {
      const [[best]] = body.predictions as { label: string; score: number }[][];
      expect(best.label).toBe(alone[i].label);
      expect(Math.abs(best.score - alone[i].score)).toBeLessThanOrEqual(1e-6);
    }
    expect(await metric(server, "attune_inputs_total")).toBe(40);
  });

  it("takes no inputs at all", async () => {
    expect((await post(await listen(classifier), { inputs: [] })).body).toEqual({ predictions: [] });
  });

  it("describes itself: labels, limits and an example that it takes", async () => {
    const server = await listen(classifier, { maxInputs: 7 });
    const description = (await (await fetch(`${server.url}/openapi.json`)).json()) as Record<string, unknown>;
    const at = (path: string) =>
      path.split(" ").reduce((value, key) => (value as Record<string, unknown>)[key], description as unknown);
    expect(at("openapi")).toBe("3.1.0");
    expect(at("components schemas Output items properties label enum")).toEqual(["fine", "bad"]);
    expect(at("components schemas Input oneOf")).toHaveLength(2);
    const body = "paths /predict post requestBody content application/json";
    expect(at(`${body} schema properties inputs anyOf 1 maxItems`)).toBe(7);
    expect((await post(server, at(`${body} example`))).status).toBe(200);
  });

  it("says that it is well, and counts", async () => {
    const server = await listen(classifier);
    const health = await fetch(`${server.url}/health`);
    expect(await health.json()).toEqual({ status: "ok", model: "tiny", task: "text-classification" });
    await post(server, { inputs: ["a", "b"] });
    await post(server, { nothing: 1 });
    expect(await metric(server, 'attune_requests_total{route="/predict",status="200"}')).toBe(1);
    expect(await metric(server, 'attune_requests_total{route="/predict",status="400"}')).toBe(1);
    expect(await metric(server, 'attune_batch_size_bucket{le="2"}')).toBe(1);
    const head = await fetch(`${server.url}/health`, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([200, ""]);
  });
});

describe("what it refuses", () => {
  it.each<[body: unknown, status: number, message: RegExp]>([
    ["{", 400, /not JSON/],
    ["[]", 400, /must be an object/],
    ["null", 400, /must be an object/],
    [{}, 400, /needs inputs/],
    [{ inputs: "a", labels: 1 }, 400, /no "labels"; it has inputs, topK/],
    [{ inputs: 5 }, 400, /inputs must be a text, or \{ text, textPair \} of two texts, not a number/],
    [{ inputs: ["a", null] }, 400, /inputs\[1\] must be a text.*not null/],
    [{ inputs: [["a", "b"]] }, 400, /inputs\[0\] must be a text.*not a list/],
    [{ inputs: [{ text: "a", pair: "b" }] }, 400, /inputs\[0\] has no "pair"/],
    [{ inputs: [{ textPair: "b" }] }, 400, /inputs\[0\]\.text must be a text, not nothing/],
    [{ inputs: { text: "a", textPair: 7 } }, 400, /inputs\.textPair must be a text, not a number/],
    [{ inputs: "a", topK: 0 }, 400, /topK must be a whole number of at least 1, or null for all, not 0/],
    [{ inputs: "a", topK: "all" }, 400, /not "all"/],
    [{ inputs: ["a", "b", "c", "d"] }, 413, /4 inputs are too many for a request; 3 may be/],
    [{ inputs: "a".repeat(5000) }, 413, /more than 4000 bytes/],
  ])("%#", async (body, status, message) => {
    const server = await listen(classifier, { maxInputs: 3, maxBodyBytes: 4000 });
    const reply = await post(server, body);
    expect([reply.status, reply.body.error]).toEqual([status, expect.stringMatching(message)]);
    expect((await post(server, { inputs: "a good day" })).status).toBe(200); // and goes on
  });

  it("a body in pieces that grows too large, one of another type, one that is no UTF-8", async () => {
    const server = await listen(classifier, { maxBodyBytes: 4000 });
    const pieces = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 10; i++) controller.enqueue(new TextEncoder().encode(" ".repeat(1000)));
        controller.close();
      },
    });
    const grown = await post(server, "", { body: pieces, duplex: "half" } as RequestInit);
    expect(grown.status).toBe(413);
    const form = await post(server, "inputs=a", { headers: { "content-type": "text/plain" } });
    expect([form.status, form.body.error]).toEqual([415, expect.stringMatching(/application\/json, not text\/plain/)]);
    const bytes = await post(server, "", { body: Uint8Array.of(0x22, 0xff, 0x22) });
    expect([bytes.status, bytes.body.error]).toEqual([400, "the body is not UTF-8"]);
  });

  it("paths and methods that it has not", async () => {
    const server = await listen(classifier);
    const lost = await fetch(`${server.url}/models`);
    expect([lost.status, await lost.json()]).toEqual([404, { error: expect.stringMatching(/there are \/predict/) }]);
    const wrong = await fetch(`${server.url}/predict`);
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await fetch(`${server.url}/__proto__`)).status).toBe(404);
  });

  it("a body that does not come to its end in time", async () => {
    const server = await listen(classifier, { timeout: 1 });
    const { port } = new URL(server.url);
    const socket = connect(Number(port), "127.0.0.1");
    socket.write("POST /predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{");
    let reply = "";
    for await (const chunk of socket) reply += chunk;
    expect(reply).toMatch(/^HTTP\/1\.1 408 /);
  });
});

describe("requests at the same time", () => {
  it("are computed together while the model is at work, in their order, no more at once than it may be", async () => {
    const { service, batches, release } = gated();
    const server = await listen(service, { maxBatchSize: 3 });
    const first = post(server, { inputs: "a" });
    await until(() => batches.length === 1);
    const second = post(server, { inputs: ["b", "c"] });
    await expect.poll(() => metric(server, "attune_inputs_waiting")).toBe(2);
    const third = post(server, { inputs: ["d", "e"] });
    await expect.poll(() => metric(server, "attune_inputs_waiting")).toBe(4);
    release();
    expect((await first).body).toEqual({ predictions: [["a"]] });
    await until(() => batches.length === 2);
    release();
    expect((await second).body).toEqual({ predictions: [["b"], ["c"]] });
    await until(() => batches.length === 3);
    release();
    expect((await third).body).toEqual({ predictions: [["d"], ["e"]] });
    expect(batches).toEqual([["a"], ["b", "c", "d"], ["e"]]);
  });

  it("are refused where too many wait, and taken again later", async () => {
    const { service, batches, release } = gated();
    const server = await listen(service, { maxQueue: 2 });
    const first = post(server, { inputs: "a" });
    await until(() => batches.length === 1);
    const second = post(server, { inputs: ["b", "c"] });
    await expect.poll(() => metric(server, "attune_inputs_waiting")).toBe(2);
    const refused = await post(server, { inputs: "d" });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(refused.body.error).toMatch(/2 inputs wait, and 2 may/);
    release();
    await until(() => batches.length === 2);
    release();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
  });

  it("that take too long are answered so, and what still waits is not computed", async () => {
    const { service, batches, release } = gated();
    const server = await listen(service, { timeout: 1 });
    const first = post(server, { inputs: "a" });
    await until(() => batches.length === 1);
    const [one, two] = await Promise.all([first, post(server, { inputs: "b" })]);
    expect([one.status, two.status]).toEqual([504, 504]);
    expect(two.body.error).toBe("there was no answer within 1 s");
    release();
    await expect.poll(() => metric(server, "attune_inputs_running")).toBe(0);
    expect(batches).toEqual([["a"]]);
  });

  it("of a client that has gone are not computed", async () => {
    const { service, batches, release } = gated();
    const server = await listen(service);
    const first = post(server, { inputs: "a" });
    await until(() => batches.length === 1);
    const leaving = new AbortController();
    const second = post(server, { inputs: "b" }, { signal: leaving.signal });
    await expect.poll(() => metric(server, "attune_inputs_waiting")).toBe(1);
    leaving.abort();
    await expect(second).rejects.toThrow();
    await expect.poll(() => metric(server, "attune_inputs_waiting")).toBe(0);
    release();
    await first;
    expect(batches).toEqual([["a"]]);
  });

  it("fail together where the model does, and the next go well; the log has the reason, the client has not", async () => {
    let broken = true;
    const server = await listen({
      ...gated().service,
      run: (inputs) => (broken ? Promise.reject(new Error("secret")) : Promise.resolve(inputs.map((input) => [input]))),
    });
    const failed = await post(server, { inputs: "a" });
    expect([failed.status, failed.body.error]).toEqual([500, expect.not.stringMatching(/secret/)]);
    expect(said.join("\n")).toMatch(/secret/);
    broken = false;
    expect((await post(server, { inputs: "a" })).status).toBe(200);
  });
});

describe("its end", () => {
  it("comes after the requests that are here are answered; no others are taken", async () => {
    const { service, batches, release } = gated();
    const server = await listen(service);
    const [first, second] = [post(server, { inputs: "a" }), post(server, { inputs: "b" })];
    await until(() => batches.length === 1);
    await expect.poll(() => metric(server, "attune_inputs_waiting")).toBe(1);
    const closed = server.close();
    await expect(fetch(`${server.url}/health`)).rejects.toThrow();
    release();
    await until(() => batches.length === 2);
    release();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    await closed;
    await server.close(); // a second time is the same end
  });

  it("does not wait for idle connections, nor longer than it may", async () => {
    const { service, batches, release } = gated();
    const server = await listen(service);
    await fetch(`${server.url}/health`); // its connection stays open
    const hanging = post(server, { inputs: "a" });
    await until(() => batches.length === 1);
    const refused = expect(hanging).rejects.toThrow();
    const closed = server.close({ grace: 0.05 });
    await refused;
    release();
    await closed;
  });
});

describe("an address", () => {
  it("that is taken is said", async () => {
    const server = await listen(classifier);
    const port = Number(new URL(server.url).port);
    await expect(ModelServer.listen(classifier, "tiny", { port })).rejects.toThrow(
      new RegExp(`cannot listen on 127\\.0\\.0\\.1, port ${port}: something else listens there`),
    );
  });

  it("limits that are none are refused before anything listens", async () => {
    await expect(ModelServer.listen(classifier, "tiny", { port: 0, maxQueue: 0 })).rejects.toThrow(
      /maxQueue must be a positive whole number, not 0/,
    );
    await expect(ModelServer.listen(classifier, "tiny", { port: 0, timeout: Number.NaN })).rejects.toThrow(/timeout/);
    await expect(ModelServer.listen(classifier, "tiny", { port: 0, maxQueue: 5, maxInputs: 6 })).rejects.toThrow(
      /would never fit maxQueue 5/,
    );
  });
});
