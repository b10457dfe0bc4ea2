// The other tasks over HTTP: answers are those of the pipelines (which test/pipelines holds against Python's), schemas
// describe them, and what is wrong with one request touches no other.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it, vi } from "vitest";
import { AutoModelForMultipleChoice } from "../../src/models/index.js";
import { pipeline } from "../../src/pipelines/index.js";
import { type ModelServer, type ServeOptions, serve } from "../../src/serve/index.js";
import { terminal } from "../../src/support/terminal.js";
import { config, temporaryFolder, tinyModel, tokenizer } from "../trainer/tiny.js";
import { mismatches } from "./json-schema.js";

const said: string[] = [];
vi.spyOn(terminal, "writeLine").mockImplementation((line) => void said.push(line));

const fixtures = fileURLToPath(new URL("../pipelines/fixtures/", import.meta.url));
const fixture = (name: string) => join(fixtures, name);
const reference = JSON.parse(readFileSync(fixture("reference.json"), "utf8"));
const scratch = temporaryFolder("serve-tasks");

const open: ModelServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close({ grace: 0.1 })));
  said.splice(0);
});

async function start(model: string, options: ServeOptions = {}): Promise<ModelServer> {
  const server = await serve(model, { port: 0, ...options });
  open.push(server);
  return server;
}

async function post(server: ModelServer, body: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${server.url}/predict`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

async function refuse(server: ModelServer, body: unknown, status: number, message: RegExp): Promise<void> {
  const reply = await post(server, body);
  expect([reply.status, reply.body.error]).toEqual([status, expect.stringMatching(message)]);
}

/** Asks, and holds the answer against the server's own description of it and against `expected`. */
async function ask(server: ModelServer, body: object, expected: readonly unknown[]): Promise<void> {
  const document = (await (await fetch(`${server.url}/openapi.json`)).json()) as {
    components: { schemas: Record<"Input" | "Output", object> };
    paths: Record<string, { post: { requestBody: { content: Record<string, { schema: object; example: unknown }> } } }>;
  };
  const { schema, example } = document.paths["/predict"].post.requestBody.content["application/json"];
  expect(mismatches(body, schema, document)).toEqual([]);
  expect(mismatches(example, schema, document)).toEqual([]);
  const reply = await post(server, body);
  expect(reply.status, JSON.stringify(reply.body)).toBe(200);
  const predictions = reply.body.predictions as unknown[];
  for (const output of predictions)
    expect(mismatches(output, document.components.schemas.Output, document)).toEqual([]);
  expect(predictions).toEqual(JSON.parse(JSON.stringify(expected)));
}

async function metric(server: ModelServer, name: string): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1]);
}

describe("token-classification", () => {
  it("gives entities, or tokens, as the pipeline does", async () => {
    const server = await start(fixture("tokens"));
    const label = await pipeline("token-classification", fixture("tokens"));
    const inputs = reference.texts as string[];
    await ask(server, { inputs }, await label(inputs, { aggregationStrategy: "simple" }));
    const settings = { aggregationStrategy: "none", ignoreLabels: ["O", "I-PER"] } as const;
    await ask(server, { inputs, ...settings }, await label(inputs, settings));
    const strided = { aggregationStrategy: "simple", stride: 8 } as const;
    await ask(server, { inputs: [reference.long], ...strided }, [await label(reference.long as string, strided)]);
    await refuse(server, { inputs: 7 }, 400, /inputs must be a text, not a number/);
    await refuse(server, { inputs: "a", aggregationStrategy: "some" }, 400, /one of none, simple, .*, not "some"/);
    await refuse(server, { inputs: "a", stride: 4000 }, 400, /stride must be .* at most 128, not 4000/);
    await refuse(server, { inputs: "a", ignoreLabels: "O" }, 400, /ignoreLabels must be a list of texts, not "O"/);
  });

  it("counts what is cut, names it in the answer, and says it once", async () => {
    const server = await start(fixture("tokens"));
    const { body } = await post(server, { inputs: ["Ada .", reference.long] });
    expect(body.truncated).toEqual([1]);
    expect((await post(server, { inputs: "Ada ." })).body).not.toHaveProperty("truncated");
    await post(server, { inputs: reference.long });
    expect(await metric(server, "attune_inputs_truncated_total")).toBe(2);
    const lines = said.filter((line) => /longer than/.test(line));
    expect(lines).toEqual([expect.stringMatching(/attune_inputs_truncated_total/)]);
  });
});

describe("question-answering", () => {
  it("gives answers as the pipeline does", async () => {
    const server = await start(fixture("answers"));
    const answer = await pipeline("question-answering", fixture("answers"));
    const inputs = (reference.answers as { input: { question: string; context: string } }[]).map(({ input }) => input);
    await ask(server, { inputs }, await answer(inputs, { topK: 1 }));
    const settings = { topK: 3, maxAnswerLen: 4, handleImpossibleAnswer: true };
    await ask(server, { inputs, ...settings }, await answer(inputs, settings));
  });

  it("refuses what is no question, and no other request with it", async () => {
    const server = await start(fixture("answers"));
    const good = { question: "Who?", context: "Ada did." };
    await refuse(server, { inputs: "Who?" }, 400, /inputs must be \{ question, context \} of two texts, not a string/);
    await refuse(server, { inputs: [good, { question: "Who?" }] }, 400, /inputs\[1\]\.context must be a text/);
    await refuse(server, { inputs: { ...good, context: "" } }, 400, /inputs\.context must not be empty/);
    await refuse(server, { inputs: { ...good, text: "" } }, 400, /inputs has no "text"/);
    await refuse(server, { inputs: { ...good, context: "a ".repeat(1e5 + 1) } }, 413, /characters; 200000 may be/);
    await refuse(server, { inputs: good, handleImpossibleAnswer: 1 }, 400, /must be true or false, not 1/);
    // what only the tokenizer sees: a question that leaves no room for a context
    const endless = { question: "who ".repeat(400), context: "Ada did." };
    const replies = await Promise.all([endless, good, endless, good].map((inputs) => post(server, { inputs })));
    expect(replies.map(({ status }) => status)).toEqual([400, 200, 400, 200]);
    expect(replies[0].body.error).not.toMatch(/log says why/);
  });
});

describe("fill-mask", () => {
  it("gives words as the pipeline does, a list for each of several masks", async () => {
    const server = await start(fixture("words"));
    const fill = await pipeline("fill-mask", fixture("words"));
    const inputs = ["Ada [MASK] the first program.", "[MASK] visited [MASK] ."];
    await ask(server, { inputs }, await fill(inputs));
    const settings = { topK: 2, targets: ["ada", "the"] };
    await ask(server, { inputs, ...settings }, await fill(inputs, settings));
    await refuse(server, { inputs: ["[MASK]", "a"] }, 400, /inputs\[1\] has no \[MASK\]/);
    await refuse(server, { inputs: "[MASK]", targets: ["zzz"] }, 400, /targets has "zzz", which is no token/);
    await refuse(server, { inputs: `${"ada ".repeat(600)}[MASK]` }, 400, /^inputs has \d+ tokens, and the model takes/);
  });
});

describe("feature-extraction", () => {
  it("gives embeddings, pooled as the request says", async () => {
    const server = await start(fixture("words"), { task: "feature-extraction" });
    const extract = await pipeline("feature-extraction", fixture("words"));
    const inputs = reference.texts as string[];
    const arrays = (rows: readonly Float32Array[]) => rows.map((row) => Array.from(row));
    await ask(server, { inputs }, arrays(await extract(inputs, { pooling: "mean" })));
    const settings = { pooling: "cls", normalize: true } as const;
    await ask(server, { inputs, ...settings }, arrays(await extract(inputs, settings)));
    await refuse(server, { inputs, pooling: "none" }, 400, /pooling must be one of mean, cls, max, not "none"/);
  });
});

describe("a model's task", () => {
  it("is what its config.json says, or what the caller says", async () => {
    const folder = join(scratch, "classifier");
    await tinyModel().savePretrained(folder);
    await tokenizer.savePretrained(folder);
    const health = async (server: ModelServer) => (await fetch(`${server.url}/health`)).json();
    expect(await health(await start(folder))).toMatchObject({ task: "text-classification" });
    expect(await health(await start(fixture("words")))).toMatchObject({ task: "fill-mask" });
    expect(await health(await start(folder, { task: "feature-extraction" }))).toMatchObject({
      task: "feature-extraction",
    });
  });

  it("that cannot be served is said", async () => {
    const folder = join(scratch, "choices");
    await AutoModelForMultipleChoice.fromConfig({ ...config }, { seed: 1 }).savePretrained(folder);
    await tokenizer.savePretrained(folder);
    await expect(start(folder)).rejects.toThrow(/is for multiple-choice, which is not served; what is: text-class/);
    await expect(start(folder, { task: "ner" as never })).rejects.toThrow(/the task "ner" is not known/);
  });
});

it("needs no /proc for its metrics", async () => {
  const rss = vi.spyOn(process.memoryUsage, "rss").mockImplementation(() => {
    throw new Error("ENOENT: no such file or directory, uv_resident_set_memory");
  });
  try {
    const server = await start(fixture("tokens"));
    const response = await fetch(`${server.url}/metrics`);
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).not.toMatch(/process_resident_memory_bytes/);
    expect(text).toMatch(/^process_uptime_seconds /m);
  } finally {
    rss.mockRestore();
  }
});
