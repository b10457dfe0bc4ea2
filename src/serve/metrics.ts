// Counters of a server, in the text format that Prometheus reads.
import { residentMemory } from "../support/memory.js";

/** Upper bounds of a histogram's buckets, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128];

class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  observe(value: number): void {
    this.#sum += value;
    this.#count++;
    for (const [i, bound] of this.#bounds.entries()) if (value <= bound) this.#counts[i]++;
  }

  lines(name: string): string[] {
    return [
      ...this.#bounds.map((bound, i) => `${name}_bucket{le="${bound}"} ${this.#counts[i]}`),
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ];
  }
}

/** What a server can be asked about itself at the moment. */
export interface Gauges {
  readonly waiting: number;
  readonly running: number;
}

export class ServerMetrics {
  readonly #requests = new Map<string, number>();
  readonly #seconds = new Histogram(SECONDS);
  readonly #batches = new Histogram(SIZES);
  #inputs = 0;
  #cut = 0;

  /** A request that was answered; `route` is one of the server's own, so that clients cannot make up labels. */
  request(route: string, status: number, seconds: number): void {
    const key = `{route="${route}",status="${status}"}`;
    this.#requests.set(key, (this.#requests.get(key) ?? 0) + 1);
    if (route === "/predict") this.#seconds.observe(seconds);
  }

  batch(size: number): void {
    this.#batches.observe(size);
    this.#inputs += size;
  }

  /** Inputs of which a part was read. */
  cut(count: number): void {
    this.#cut += count;
  }

  text({ waiting, running }: Gauges): string {
    const about = (name: string, type: string, help: string) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
    const gauge = (name: string, help: string, value: number) => [...about(name, "gauge", help), `${name} ${value}`];
    const memory = residentMemory();
    const lines = [
      ...about("attune_requests_total", "counter", "Requests that were answered."),
      ...[...this.#requests].map(([labels, count]) => `attune_requests_total${labels} ${count}`),
      ...about("attune_inputs_total", "counter", "Inputs that were computed."),
      `attune_inputs_total ${this.#inputs}`,
      ...about(
        "attune_inputs_truncated_total",
        "counter",
        "Inputs longer than the model takes, of which a part was read.",
      ),
      `attune_inputs_truncated_total ${this.#cut}`,
      ...about("attune_request_seconds", "histogram", "Seconds from a request to /predict to its answer."),
      ...this.#seconds.lines("attune_request_seconds"),
      ...about("attune_batch_size", "histogram", "Inputs computed at once."),
      ...this.#batches.lines("attune_batch_size"),
      ...gauge("attune_inputs_waiting", "Inputs that wait.", waiting),
      ...gauge("attune_inputs_running", "Inputs of the batch at work.", running),
      ...(memory === undefined ? [] : gauge("process_resident_memory_bytes", "Memory of the process.", memory)),
      ...gauge("process_uptime_seconds", "Seconds since the process began.", process.uptime()),
    ];
    return `${lines.join("\n")}\n`;
  }
}
