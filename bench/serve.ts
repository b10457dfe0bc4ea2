// Requests a second, and how long they take: `attune serve` beside FastAPI and uvicorn over transformers, as one writes it, and
// with a queue that makes batches of what waits. wrk asks one server after the other within a run, pairs of MRPC, one a
// request, on so many connections at once.
//   npx tsx bench/serve.ts [--model FOLDER] [--connections 1,8,32] [--seconds 4] [--rounds 3] [--python PATH] [--small] [--no-peer]
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { AutoModelForSequenceClassification, AutoTokenizer } from "attune";
import { loadDataset } from "attune/datasets";
import { peerPython } from "./peer.js";
import { machineSeconds } from "./side.js";
import { commit, median, percent, standardDataset, standardModel } from "./twin.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { values: options } = parseArgs({
  options: {
    model: { type: "string" },
    connections: { type: "string", default: "1,8,32" },
    seconds: { type: "string", default: "4" },
    rounds: { type: "string", default: "3" },
    python: { type: "string" },
    small: { type: "boolean", default: false },
    "no-peer": { type: "boolean", default: false },
  },
});
const connections = options.small ? [2] : options.connections.split(",").map(Number);
const seconds = options.small ? 1 : Number(options.seconds);
const rounds = options.small ? 1 : Number(options.rounds);
/** Thread pools spin for a while after their last task. */
const SETTLE_MILLISECONDS = 300;
/** Probabilities in float32, whose logits were summed in other orders. */
const TOLERANCE = 1e-4;

interface Measured {
  readonly perSecond: number;
  /** Seconds of the slowest request but for one in a hundred, and of the middle one. */
  readonly p99: number;
  readonly p50: number;
}

class Server {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #started = performance.now();
  url = "";
  startSeconds = 0;
  readonly measured = new Map<number, Measured[]>();

  constructor(name: string, command: string, args: readonly string[]) {
    this.name = name;
    this.#child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  }

  /** Waits for the line with its address. */
  async listening(): Promise<void> {
    const { stdout } = this.#child;
    if (!stdout) throw new Error("no standard output");
    const lines = createInterface({ input: stdout });
    for await (const line of lines) {
      if (!line.startsWith("http://")) continue;
      this.url = line;
      break;
    }
    if (this.url === "") throw new Error(`${this.name} ended without an address`);
    this.startSeconds = (performance.now() - this.#started) / 1000;
  }

  async classify(bodies: readonly string[]): Promise<{ label: string; score: number }[]> {
    const headers = { "content-type": "application/json" };
    const answers: { label: string; score: number }[] = [];
    for (const body of bodies) {
      const response = await fetch(`${this.url}/predict`, { method: "POST", headers, body });
      const { predictions } = (await response.json()) as { predictions: { label: string; score: number }[][] };
      answers.push(predictions[0][0]);
    }
    return answers;
  }

  /** Resident memory, in bytes. */
  get memory(): number {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  }

  end(): Promise<void> {
    const ended = new Promise<void>((resolve) => this.#child.once("close", () => resolve()));
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve();
    this.#child.kill("SIGTERM");
    const killed = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    return ended.finally(() => clearTimeout(killed));
  }
}

/** wrk with `count` connections for a while. @throws Error where an answer was none */
function load({ url }: Server, count: number, script: string, duration: number): Measured {
  const args = ["-t1", `-c${count}`, `-d${duration}s`, "--timeout", "30s", "-s", script, `${url}/predict`];
  const report = execFileSync("wrk", args, { encoding: "utf8" });
  const line = report.split("\n").find((one) => one.startsWith("{"));
  if (line === undefined) throw new Error(`wrk said nothing:\n${report}`);
  const { failed, ...measured } = JSON.parse(line) as Measured & { failed: number };
  if (failed > 0) throw new Error(`${failed} requests failed:\n${report}`);
  return measured;
}

/** A script of wrk: each request the next of the bodies, and a line of JSON at its end. */
function wrkScript(bodies: readonly string[]): string {
  const quoted = bodies.map((body) => `  [==[${body}]==],`).join("\n");
  return `local bodies = {
${quoted}
}
local next = 0
wrk.headers["content-type"] = "application/json"
function request()
  next = next % #bodies + 1
  return wrk.format("POST", nil, nil, bodies[next])
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('{"perSecond": %f, "p99": %f, "p50": %f, "failed": %d}\\n',
    summary.requests / summary.duration * 1e6, latency:percentile(99) / 1e6, latency:percentile(50) / 1e6,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;
}

/** The model that is served: what was given, or all-MiniLM-L6-v2 with a head of the same random weights for all. */
async function prepareModel(scratch: string): Promise<string> {
  if (options.model !== undefined) return options.model;
  const folder = join(scratch, "model");
  const model = await AutoModelForSequenceClassification.fromPretrained(standardModel, {
    seed: 1,
    id2label: ["not_equivalent", "equivalent"],
  });
  await model.savePretrained(folder);
  await (await AutoTokenizer.fromPretrained(standardModel)).savePretrained(folder);
  return folder;
}

/** All must answer the same, or their times cannot be compared. */
async function requireSameAnswers(servers: readonly Server[], bodies: readonly string[]): Promise<void> {
  const [first, ...others] = await Promise.all(servers.map((server) => server.classify(bodies)));
  for (const [i, answers] of others.entries()) {
    for (const [j, { label, score }] of answers.entries()) {
      if (label === first[j].label && Math.abs(score - first[j].score) <= TOLERANCE) continue;
      const [ours, theirs] = [first[j], answers[j]].map((answer) => JSON.stringify(answer));
      throw new Error(`${servers[i + 1].name} answers ${theirs} to ${bodies[j]}, ${servers[0].name} ${ours}`);
    }
  }
}

const scratch = mkdtempSync(join(tmpdir(), "bench-serve-"));
const servers: Server[] = [];
try {
  const model = await prepareModel(scratch);
  const { validation } = await loadDataset(standardDataset, "mrpc");
  const { sentence1, sentence2 } = validation.columns(0, validation.length);
  const bodies = sentence1.map((text, i) => JSON.stringify({ inputs: [{ text, textPair: sentence2[i] }] }));
  const script = join(scratch, "pairs.lua");
  writeFileSync(script, wrkScript(bodies));

  const start = async (name: string, command: string, args: readonly string[]) => {
    const server = new Server(name, command, args);
    servers.push(server);
    await server.listening();
  };
  await start("Attune", process.execPath, [here("../dist/cli/main.js"), "serve", model, "--port", "0"]);
  if (!options["no-peer"]) {
    const python = peerPython(options.python);
    const peer = here("peers/fastapi_server.py");
    await start("FastAPI", python, [peer, model]);
    await start("FastAPI, batching", python, [peer, model, "--batching"]);
  }
  await requireSameAnswers(servers, bodies.slice(0, 20));
  for (const server of servers) load(server, Math.max(...connections), script, 1); // warm

  for (const count of connections) {
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) {
        await sleep(SETTLE_MILLISECONDS);
        const before = machineSeconds();
        const measured = load(server, count, script, seconds);
        const after = machineSeconds();
        const busy = percent((after.busy - before.busy) / (after.total - before.total));
        console.error(
          `${count} connections, ${server.name}: ${measured.perSecond.toFixed(1)} a second, p99 ${(measured.p99 * 1000).toFixed(1)} ms, machine ${busy} busy`,
        );
        server.measured.set(count, [...(server.measured.get(count) ?? []), measured]);
      }
    }
  }

  const milliseconds = (value: number) => `${(value * 1000).toFixed(value < 0.1 ? 1 : 0)} ms`;
  const cell = (server: Server, count: number) => {
    const all = server.measured.get(count) ?? [];
    const figure = (name: keyof Measured) => median(all.map((one) => one[name]));
    return `${figure("perSecond").toFixed(1)}/s, ${milliseconds(figure("p50"))}, ${milliseconds(figure("p99"))}`;
  };
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  console.log(
    [
      `## ${new Date().toISOString().slice(0, 10)}, serving, pairs of MRPC, ${options.model ?? "all-MiniLM-L6-v2"}`,
      "",
      `- machine: ${cpus()[0].model}, ${cpus().length} cores; Node ${process.version}; commit ${commit()}`,
      `- wrk, ${seconds} s at a time, ${rounds} rounds in turn: requests a second, the middle request's time, the 99th percentile; medians of rounds`,
      "",
      row(["connections", ...servers.map(({ name }) => name)]),
      `|---|${servers.map(() => "---|").join("")}`,
      ...connections.map((count) => row([`${count}`, ...servers.map((server) => cell(server, count))])),
      row(["start to the address", ...servers.map(({ startSeconds }) => `${startSeconds.toFixed(2)} s`)]),
      row(["memory at the end (RssAnon)", ...servers.map(({ memory }) => `${(memory / 2 ** 20).toFixed(0)} MiB`)]),
    ].join("\n"),
  );
} finally {
  await Promise.all(servers.map((server) => server.end()));
  rmSync(scratch, { recursive: true, force: true });
}
