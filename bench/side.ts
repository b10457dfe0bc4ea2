// One side of a twin run: a child process that works only on request (JSON lines over its standard streams), measured
// from outside by what Linux tells of it, so that both sides are measured alike whatever they are written in.
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const MEMORY_SAMPLE_MILLISECONDS = 20;
const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux platform Node runs on

export class Side {
  readonly startedAt = performance.now();
  peakAnonymousBytes = 0;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly pid: number;
  private readonly answers: AsyncIterator<string>;
  private stderr = "";

  constructor(command: string, args: readonly string[], environment: Record<string, string> = {}) {
    this.child = spawn(command, args, { env: { ...process.env, ...environment } });
    this.pid = this.child.pid ?? 0;
    this.child.on("error", (error) => {
      this.stderr += `${error.message}\n`;
    });
    // A child that died is told of by the missing answer, with what it wrote; its broken pipe adds nothing.
    this.child.stdin.on("error", () => {});
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.answers = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  /** Sends a request and waits for its answer; memory is sampled meanwhile. Throws what the child wrote if it ends instead. */
  async ask<Answer>(request: object): Promise<Answer> {
    const sampler = setInterval(() => this.sampleMemory(), MEMORY_SAMPLE_MILLISECONDS);
    try {
      this.child.stdin.write(`${JSON.stringify(request)}\n`);
      const line = await this.answers.next();
      if (line.done) throw new Error(`${this.child.spawnargs.join(" ")} ended without an answer:\n${this.stderr}`);
      this.sampleMemory();
      return JSON.parse(line.value) as Answer;
    } finally {
      clearInterval(sampler);
    }
  }

  /** The line that the child writes by itself once it is ready. */
  async hear<Answer>(): Promise<Answer> {
    const line = await this.answers.next();
    if (line.done) throw new Error(`${this.child.spawnargs.join(" ")} ended without a word:\n${this.stderr}`);
    return JSON.parse(line.value) as Answer;
  }

  /** Seconds of processor time of all threads so far. */
  cpuSeconds(): number {
    // After the command's name, which may hold anything, in parentheses: utime and stime are the 12th and 13th fields.
    const stat = readFileSync(`/proc/${this.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
  }

  /** Seconds of processor time of the first thread so far, which in Node is the one that runs JavaScript. */
  mainThreadSeconds(): number {
    return Number(readFileSync(`/proc/${this.pid}/task/${this.pid}/schedstat`, "utf8").split(" ")[0]) / 1e9;
  }

  /** Closes the child's input, which ends it. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once("close", resolve));
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.stdin.end();
      await ended;
    }
  }

  private sampleMemory(): void {
    let status: string;
    try {
      status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    } catch {
      return; // it has ended: `ask` says so
    }
    const kilobytes = Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    this.peakAnonymousBytes = Math.max(this.peakAnonymousBytes, kilobytes * 1024);
  }
}

/** Seconds of processor time that the whole machine has spent on anything, and that it had to spend. */
export function machineSeconds(): { busy: number; total: number } {
  const [line] = readFileSync("/proc/stat", "utf8").split("\n", 1);
  const ticks = (line ?? "").trim().split(/\s+/).slice(1, 9).map(Number); // user nice system idle iowait irq softirq steal
  const total = ticks.reduce((sum, value) => sum + value, 0);
  const idle = ticks[3] + ticks[4];
  return { busy: (total - idle) / TICKS_PER_SECOND, total: total / TICKS_PER_SECOND };
}
