// What comes out of mpirun: lines of the processes, which it tags with their rank, and what it says itself.

export interface Line {
  readonly rank: number;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
}

const TAG = /\[\w+,(\d+)\]<(stdout|stderr|stddiag)>:/g;

/** Takes a stream of mpirun --tag-output apart. A tag stands wherever a piece of output begins, in the midst of a line too. */
export class TaggedOutput {
  readonly #line: (line: Line) => void;
  readonly #own: (text: string) => void;
  /** What each process has said since its last end of line, by rank and stream. */
  readonly #partial = new Map<string, Line>();
  #rest = "";

  /** `line` hears of whole lines of processes, `own` of lines without a tag. */
  constructor(line: (line: Line) => void, own: (text: string) => void) {
    this.#line = line;
    this.#own = own;
  }

  write(chunk: string): void {
    const lines = (this.#rest + chunk).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const text of lines) this.#take(text);
  }

  /** Gives out what was left without an end of line. */
  end(): void {
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
    for (const line of this.#partial.values()) if (line.text !== "") this.#line(line);
    this.#partial.clear();
  }

  #take(text: string): void {
    const tags = [...text.matchAll(TAG)];
    if (tags.length === 0) {
      this.#own(text);
      return;
    }
    if (tags[0].index > 0) this.#own(text.slice(0, tags[0].index));
    for (const [i, tag] of tags.entries()) {
      const rank = Number(tag[1]);
      const stream = tag[2] === "stdout" ? "stdout" : "stderr";
      const piece = text.slice(tag.index + tag[0].length, tags[i + 1]?.index);
      const key = `${rank} ${stream}`;
      const whole = (this.#partial.get(key)?.text ?? "") + piece;
      this.#partial.delete(key);
      if (i < tags.length - 1) this.#partial.set(key, { rank, stream, text: whole });
      else this.#line({ rank, stream, text: whole }); // the end of line is this process's
    }
  }
}

/** Which process ended a job, as mpirun tells it. */
export interface Failure {
  readonly rank: number;
  /** "ended with status 1", "was killed by signal 9 (Killed)" */
  readonly how: string;
}

/** What a process says that ends the job; it knows better than mpirun, whose words can be lost. */
export function failureIn({ text }: Line): Failure | undefined {
  const found = /^attune: rank (\d+) ends the job with status (\d+)$/.exec(text);
  return found ? { rank: Number(found[1]), how: `ended with status ${found[2]}` } : undefined;
}

/** Finds in mpirun's own words who was the first to fail. */
export function findFailure(said: string): Failure | undefined {
  const killed = /process rank (\d+) with PID \d+ on node \S+ exited on (signal \d+(?: \([^)]*\))?)/.exec(said);
  if (killed) return { rank: Number(killed[1]), how: `was killed by ${killed[2]}` };
  const aborted = /MPI_ABORT was invoked on rank (\d+)[\s\S]*?with errorcode (\d+)/.exec(said);
  if (aborted) return { rank: Number(aborted[1]), how: `ended with status ${aborted[2]}` };
  const exited = /Process name: \[\[\d+,\d+\],(\d+)\]\s*Exit code:\s*(\d+)/.exec(said);
  if (exited) return { rank: Number(exited[1]), how: `ended with status ${exited[2]}` };
  return undefined;
}
