// How a job is started, without starting one: mpirun's arguments, its output, the program of each process.
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseFlags } from "../../src/cli/flags.js";
import { command } from "../../src/cli/launch.js";
import {
  findFailure,
  findLaunch,
  type Line,
  mpirunArguments,
  programOf,
  SingleProcess,
  TaggedOutput,
  threadsOfEach,
} from "../../src/processes/index.js";

const job = { processes: 4, processors: 8, root: false, env: {} };

describe("mpirun's arguments", () => {
  it("share the processors of this machine, bind nothing, and pass settings on", () => {
    expect(mpirunArguments(job, ["node", "loop.js"]).join(" ")).toBe(
      "-n 4 --tag-output --bind-to none --oversubscribe -x ATTUNE_THREADS=2 node loop.js",
    );
    const env = { ATTUNE_THREADS: "3", HF_HOME: "/hf", PATH: "/bin" };
    expect(mpirunArguments({ ...job, env, root: true }, ["node"]).join(" ")).toBe(
      "-n 4 --tag-output --bind-to none --allow-run-as-root --oversubscribe -x ATTUNE_THREADS -x HF_HOME node",
    );
  });

  it("name other machines, and yield where there are more processes than processors", () => {
    const hosts = mpirunArguments({ ...job, hosts: "a:2,b:2", mpiArguments: ["--mca", "btl", "tcp,self"] }, ["node"]);
    expect(hosts.join(" ")).toBe("-n 4 --tag-output --bind-to none --host a:2,b:2 --mca btl tcp,self node");
    expect(mpirunArguments({ ...job, processors: 2 }, ["node"]).join(" ")).toContain("--mca mpi_yield_when_idle 1");
    expect(threadsOfEach({ ...job, processors: 2 })).toBe(1);
  });
});

describe("mpirun's output", () => {
  function read(...chunks: string[]): { lines: Line[]; own: string[] } {
    const [lines, own]: [Line[], string[]] = [[], []];
    const output = new TaggedOutput(
      (line) => lines.push(line),
      (text) => own.push(text),
    );
    for (const chunk of chunks) output.write(chunk);
    output.end();
    return { lines, own };
  }
  const line = (rank: number, text: string, stream: "stdout" | "stderr" = "stdout"): Line => ({ rank, stream, text });

  it("comes apart by rank and stream", () => {
    const { lines, own } = read("[1,0]<stdout>:a\n[1,12]<stderr>:b\n----\n[1,0]<stdout>:\n");
    expect(lines).toEqual([line(0, "a"), line(12, "b", "stderr"), line(0, "")]);
    expect(own).toEqual(["----"]);
  });

  it("joins a line that came in pieces, others between them", () => {
    expect(read("[1,0]<stdout>:par", "tial[1,0]<stdout>: rest\n").lines).toEqual([line(0, "partial rest")]);
    expect(read("[1,0]<stdout>:half[1,1]<stdout>:whole\n[1,0]<stdout>: more\n").lines).toEqual([
      line(1, "whole"),
      line(0, "half more"),
    ]);
    expect(read("[1,0]<stdout>:no end").lines).toEqual([line(0, "no end")]);
  });

  // as mpirun (Open MPI) 4.1.4 says it
  it("tells who failed", () => {
    expect(
      findFailure("mpirun noticed that process rank 1 with PID 0 on node vm exited on signal 9 (Killed)."),
    ).toEqual({ rank: 1, how: "was killed by signal 9 (Killed)" });
    expect(
      findFailure("MPI_ABORT was invoked on rank 3 in communicator MPI_COMM_WORLD\nwith errorcode 7.\n\nNOTE: ..."),
    ).toEqual({ rank: 3, how: "ended with status 7" });
    expect(
      findFailure("The first process to do so was:\n\n  Process name: [[28464,1],12]\n  Exit code:    2\n"),
    ).toEqual({ rank: 12, how: "ended with status 2" });
    expect(findFailure("There are not enough slots available")).toBeUndefined();
  });
});

describe("the program of a process", () => {
  it("is Node on a script, with a loader for TypeScript, or attune itself", () => {
    const folder = tmpdir();
    for (const name of ["loop.js", "loop.ts"]) writeFileSync(join(folder, name), "");
    expect(programOf(["loop.js", "--epochs", "3"], folder)).toEqual([
      process.execPath,
      join(folder, "loop.js"),
      "--epochs",
      "3",
    ]);
    const [, flag, loader, script] = programOf(["loop.ts"], folder);
    expect([flag, script]).toEqual(["--import", join(folder, "loop.ts")]);
    expect(loader).toMatch(/^file:.*tsx/);
    expect(programOf(["--", "train", "--help"]).slice(-2)).toEqual(["train", "--help"]);
    expect(() => programOf(["none.ts"], folder)).toThrow(
      /no script .*none\.ts; a command of Attune's stands behind --/,
    );
  });

  it("knows whether it was started with others", () => {
    expect(findLaunch({})).toBeUndefined();
    expect(findLaunch({ OMPI_COMM_WORLD_SIZE: "1" })).toBeUndefined();
    expect(findLaunch({ OMPI_COMM_WORLD_SIZE: "4" })).toMatchObject({ size: 4 });
    expect(findLaunch({ PMI_SIZE: "2" })).toMatchObject({ size: 2 });
    expect(findLaunch({ SLURM_NTASKS: "8", PMIX_RANK: "3" })).toMatchObject({ size: 8 });
    expect(findLaunch({ SLURM_NTASKS: "8" })).toBeUndefined(); // within sbatch, but not started by srun
    expect(findLaunch({ OMPI_COMM_WORLD_SIZE: "4", ATTUNE_PROCESSES: "off" })).toBeUndefined();
  });
});

describe("attune launch", () => {
  const parse = (...args: string[]) => parseFlags(command, args);

  it("takes flags before the script, and leaves those behind it to the program", () => {
    const { values, words } = parse("--processes", "2", "--threads=3", "loop.ts", "--epochs", "3", "--processes", "9");
    expect(values).toMatchObject({ processes: 2, threads: 3 });
    expect(words).toEqual(["loop.ts", "--epochs", "3", "--processes", "9"]);
    expect(parse("--processes", "2", "--", "train", "--help").words).toEqual(["--", "train", "--help"]);
    expect(parse("--help").help).toBe(true);
  });

  it("says what is wrong with its command line", () => {
    expect(() => parse("loop.ts")).toThrow(/attune launch needs --processes/);
    expect(() => parse("--processes", "2")).toThrow(/attune launch needs SCRIPT/);
    expect(() => parse("--processes", "0", "loop.ts")).toThrow(/--processes must be/);
    expect(() => parse("--proceses", "2", "loop.ts")).toThrow(/did you mean --processes/);
  });
});

describe("a process alone", () => {
  it("makes the same calls", async () => {
    const group = new SingleProcess();
    const bytes = Uint8Array.of(1, 2);
    expect([group.rank, group.size]).toEqual([0, 1]);
    expect(await group.exchange("x", bytes)).toEqual([bytes]);
    expect(group.exchangeNow("x")).toEqual([new Uint8Array(0)]);
    expect(group.statistics()).toEqual({ bytesSent: 0, movingSeconds: 0, heldSeconds: 0 });
  });
});
