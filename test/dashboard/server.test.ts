// The dashboard's server: whom it answers, what it answers, and that nothing outside the folder is ever read.
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Dashboard, startDashboard } from "../../src/dashboard/index.js";
import type { RunAnswer, RunsAnswer, SeriesAnswer } from "../../src/dashboard/protocol.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { appendRow, writeSampleFolder, writeSampleRun } from "./sample-runs.js";

const folder = join(temporaryFolder("dashboard"), "runs");
mkdirSync(folder);
writeSampleFolder(folder);
let dashboard: Dashboard;

beforeAll(async () => {
  dashboard = await startDashboard({ folder, interval: 50 });
  await dashboard.loaded;
});
afterAll(() => dashboard.close());

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly token?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  json<T>(): T;
}

async function ask(
  path: string,
  { method = "GET", headers = {}, body, token = dashboard.token }: Asked = {},
): Promise<Answer> {
  const cookie = token === "" ? {} : { cookie: `attune_dashboard_${dashboard.port}=${token}` };
  const sent = request({
    host: "127.0.0.1",
    port: dashboard.port,
    path,
    method: body === undefined ? method : "POST",
    headers: { ...cookie, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
  });
  sent.end(body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body));
  const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  let text = "";
  for await (const part of response.setEncoding("utf8")) text += part;
  return { status: response.statusCode ?? 0, headers: response.headers, text, json: <T>() => JSON.parse(text) as T };
}

describe("whom the server answers", () => {
  it("those with the token alone, from the link or its cookie", async () => {
    for (const path of ["/", "/api/runs", "/api/events", "/assets/x.js", "/?token=wrong"]) {
      expect((await ask(path, { token: "" })).status, path).toBe(401);
      expect((await ask(path, { token: "x".repeat(32) })).status, path).toBe(401);
    }
    const page = await ask(`/?token=${dashboard.token}`, { token: "" });
    expect(page.status).toBe(200);
    const [cookie] = page.headers["set-cookie"] ?? [];
    expect(cookie).toBe(`attune_dashboard_${dashboard.port}=${dashboard.token}; Path=/; HttpOnly; SameSite=Strict`);
    expect((await ask("/api/runs")).status).toBe(200);
  });

  it("under its own address alone: another name for it, or another site's page, is refused", async () => {
    for (const host of [
      "evil.example",
      `evil.example:${dashboard.port}`,
      "127.0.0.1",
      `127.0.0.1:${dashboard.port + 1}`,
    ]) {
      expect((await ask("/api/runs", { headers: { host } })).status, host).toBe(403);
    }
    for (const host of [`localhost:${dashboard.port}`, `127.0.0.1:${dashboard.port}`]) {
      expect((await ask("/api/runs", { headers: { host } })).status, host).toBe(200);
    }
    for (const origin of ["http://evil.example", "null", `https://127.0.0.1:${dashboard.port}`, "http://127.0.0.1:1"]) {
      expect((await ask("/api/runs", { headers: { origin } })).status, origin).toBe(403);
    }
    expect((await ask("/api/runs", { headers: { origin: `http://127.0.0.1:${dashboard.port}` } })).status).toBe(200);
  });

  it("on the loopback alone", async () => {
    const { networkInterfaces } = await import("node:os");
    const outside = Object.values(networkInterfaces())
      .flat()
      .find((each) => each && !each.internal && each.family === "IPv4");
    if (!outside) return;
    const socket = connect(dashboard.port, outside.address);
    const [event] = await Promise.race([
      once(socket, "error").then(([error]) => [(error as NodeJS.ErrnoException).code]),
      once(socket, "connect").then(() => ["connected"]),
    ]);
    socket.destroy();
    expect(event).not.toBe("connected");
  });

  it("with a policy that lets nothing but its own files run", async () => {
    for (const path of ["/", "/api/runs", "/nothing"]) {
      const { headers } = await ask(path);
      const policy = String(headers["content-security-policy"]);
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
      expect(policy).not.toMatch(/unsafe|https?:|\*/);
      expect(headers).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
      });
    }
    const { text } = await ask("/");
    expect(text).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=/);
  });
});

describe("what the server answers", () => {
  it("the runs, the newest first, and their differences", async () => {
    const { folder: own, runs } = (await ask("/api/runs")).json<RunsAnswer>();
    expect(own.endsWith("runs")).toBe(true);
    expect(runs.map(({ id }) => id)).toEqual([
      "glue/mnli",
      "mrpc-stopped",
      "mrpc-hot",
      "mrpc-lr0.0001",
      "mrpc-lr0.00005",
      "mrpc-lr0.00003",
      "mrpc-lr0.00002",
    ]);
    expect(runs.map(({ status }) => status)).toEqual([
      "running",
      "interrupted",
      "failed",
      "finished",
      "finished",
      "finished",
      "finished",
    ]);
    expect(runs[2].reason).toContain("the loss of step 130 is NaN");
    expect(runs[3].made).toMatchObject({ "arguments.learningRate": 1e-4, "model.parameters": 22_713_986 });
    expect(runs[3].keys).toContain("eval_accuracy");
  });

  it("series over the axis that is asked for", async () => {
    const question = {
      runs: ["mrpc-lr0.00005", "gone"],
      keys: ["learning_rate", "eval_f1"],
      axis: "step",
      smoothing: 0,
      buckets: 500,
    };
    const { extent, charts } = (await ask("/api/series", { body: question })).json<SeriesAnswer>();
    expect(extent).toEqual([5, 600]);
    const [rate, f1] = charts;
    expect(rate.x).toEqual(Array.from({ length: 120 }, (_, i) => 5 * (i + 1)));
    expect(rate.lines).toHaveLength(1);
    for (const [i, value] of rate.lines[0].y.entries()) {
      expect(Math.abs((value ?? Number.NaN) - 5e-5 * (1 - rate.x[i] / 600))).toBeLessThanOrEqual(1e-13);
    }
    expect(f1.x).toEqual([100, 200, 300, 400, 500, 600]);
    const tokens = (await ask("/api/series", { body: { ...question, axis: "tokens" } })).json<SeriesAnswer>();
    expect(tokens.extent).toEqual([5 * 16 * 52, 600 * 16 * 52]);
    const part = (
      await ask("/api/series", { body: { ...question, from: 100, to: 110, smoothing: 0.5 } })
    ).json<SeriesAnswer>();
    expect(part.charts[0].x).toEqual([95, 100, 105, 110, 115]);
    expect(part.charts[0].lines[0].raw).toHaveLength(5);
  });

  it("a run with its checkpoints, manifest and evaluations", async () => {
    const { checkpoints, evaluations, manifest } = (await ask("/api/run?id=mrpc-lr0.00005")).json<RunAnswer>();
    expect(checkpoints.map(({ step }) => step)).toEqual([100, 200, 300, 400, 500, 600]);
    expect(checkpoints.filter(({ best }) => best)).toHaveLength(1);
    expect(manifest).toMatchObject({ versions: { attune: "0.1.0" } });
    expect(evaluations).toHaveLength(6);
    const details = await ask(`/api/evaluation?id=mrpc-lr0.00005&name=${evaluations[5].name}`);
    expect(details.json<{ step: number }>().step).toBe(600);
  });

  it("every point as CSV, with names that no spreadsheet takes for a formula", async () => {
    writeSampleRun(folder, { name: "=cmd,1", seed: 30, steps: 100 });
    await ask("/api/runs");
    const { text, headers } = await ask("/api/csv", {
      body: { runs: ["mrpc-lr0.00005", "=cmd,1"], keys: ["loss", "none"] },
    });
    expect(headers["content-type"]).toBe("text/csv; charset=utf-8");
    const rows = text.trimEnd().split("\n");
    expect(rows[0]).toBe("run,figure,step,seconds,tokens,epoch,value");
    expect(rows).toHaveLength(1 + 120 + 20);
    expect(rows[1]).toMatch(/^mrpc-lr0\.00005,loss,5,\d/);
    expect(rows.at(-1)).toMatch(/^"'=cmd,1",loss,100,/);
  });

  it("events when a run goes on, comes or goes", async () => {
    const sent = request({
      host: "127.0.0.1",
      port: dashboard.port,
      path: "/api/events",
      headers: { cookie: `attune_dashboard_${dashboard.port}=${dashboard.token}` },
    });
    sent.end();
    const [response] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
    let text = "";
    response.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    const heard = async (what: string) => {
      while (!text.includes(what)) await once(response, "data");
    };
    appendRow(folder, "glue/mnli", 425, { loss: 0.123_456 });
    await heard("0.123456");
    writeSampleRun(folder, { name: "new-one", seed: 40, steps: 100 });
    await heard('"id":"new-one"');
    (await import("node:fs")).rmSync(join(folder, "new-one"), { recursive: true });
    await heard('"gone":["new-one"]');
    sent.destroy();
  });

  it("questions that make no sense with a word, and nothing outside the folder at all", async () => {
    const secret = temporaryFolder("secret");
    writeFileSync(join(secret, "attune_run.json"), '{"arguments": {"runName": "outside"}}');
    writeFileSync(join(secret, "attune_log.jsonl"), "");
    symlinkSync(secret, join(folder, "linked"), "junction");
    const wrong: [string, Asked, number][] = [
      ["/api/run?id=../secret", {}, 400],
      [`/api/run?id=${encodeURIComponent(secret)}`, {}, 400],
      ["/api/run?id=linked", {}, 400],
      ["/api/run", {}, 400],
      ["/api/evaluation?id=mrpc-hot&name=../../attune_run.json", {}, 404],
      ["/api/evaluation?id=mrpc-hot&name=%00", {}, 404],
      ["/../package.json", {}, 404],
      ["/assets/../../../package.json", {}, 404],
      ["/%2e%2e/%2e%2e/package.json", {}, 404],
      ["/nothing", {}, 404],
      ["/", { method: "DELETE" }, 405],
      ["/api/series", { body: "{" }, 400],
      ["/api/series", { body: "[]" }, 400],
      ["/api/series", { body: { runs: [], keys: [], axis: "width", smoothing: 0, buckets: 10 } }, 400],
      ["/api/series", { body: { runs: [], keys: [], axis: "step", smoothing: 1, buckets: 10 } }, 400],
      ["/api/series", { body: { runs: [], keys: [], axis: "step", smoothing: 0, buckets: 1e9 } }, 400],
      ["/api/series", { body: { runs: [7], keys: [], axis: "step", smoothing: 0, buckets: 10 } }, 400],
      ["/api/series", { body: { runs: [], keys: [], axis: "step", smoothing: 0, buckets: 10, from: 2, to: 1 } }, 400],
      ["/api/csv", { body: { runs: "all", keys: [] } }, 400],
      ["/api/csv", { body: "x".repeat(2 << 20) }, 400],
      ["/api/csv", { method: "POST" }, 400],
    ];
    for (const [path, asked, status] of wrong) expect((await ask(path, asked)).status, path).toBe(status);
    expect((await ask("/api/runs")).text).not.toContain("outside");
  });
});

describe("starting", () => {
  it("says what is wrong with the folder, the port or the token", async () => {
    await expect(startDashboard({ folder: join(folder, "missing") })).rejects.toThrow("there is no folder");
    await expect(startDashboard({ folder, port: dashboard.port })).rejects.toThrow(
      `port ${dashboard.port}: another program listens there`,
    );
    await expect(startDashboard({ folder, token: "short" })).rejects.toThrow("at least 16 characters");
  });

  it("works on a folder that is empty", async () => {
    const empty = await startDashboard({ folder: temporaryFolder("empty") });
    await empty.loaded;
    await empty.close();
  });
});
