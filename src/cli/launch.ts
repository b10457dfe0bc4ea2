// attune launch: runs a script, or a command of attune, as several processes, which MPI starts and joins.
import { availableParallelism } from "node:os";
import { integer, text } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { UsageError } from "./flags.js";

const flags = {
  processes: integer({ default: undefined, min: 1, help: "how many processes" }),
  hosts: text({
    default: undefined,
    placeholder: "LIST",
    help: "machines and how many processes each takes, as in a:2,b:2, reached by ssh",
    defaultNote: "all on this machine",
  }),
  threads: integer({
    default: undefined,
    min: 1,
    help: "threads of each process's engine",
    defaultNote: "this machine's processors, shared equally",
  }),
  mpiArgs: text({ default: undefined, placeholder: "TEXT", help: "more arguments for mpirun, separated by spaces" }),
} as const;

export const command = defineCommand({
  name: "launch",
  description:
    "Runs the same program as several processes on one machine or more. Open MPI's mpirun starts them; a loop that uses " +
    "Accelerator, and the commands train, glue and eval, share the work among them. Each line of output begins with its " +
    "process's rank; when one process fails, all end, with its error and its status.",
  usage: [
    "attune launch --processes 4 loop.ts --epochs 3",
    "attune launch --processes 2 -- train --model bert-base-uncased --dataset glue --config mrpc --output runs/mrpc",
    "attune launch --processes 4 --hosts node1:2,node2:2 loop.js",
    "attune launch --processes 2 -- selftest",
  ],
  words: [
    { name: "SCRIPT", help: "a program for Node, in JavaScript or TypeScript; or -- and a command of attune" },
    { name: "ARGUMENTS", help: "the program's own arguments", optional: true, repeated: true },
  ],
  wordsEndFlags: true,
  sections: [{ title: "Flags", flags }],
  flags,
  required: ["processes"],
  run: async ({ processes = 1, hosts, threads, mpiArgs }, _given, words) => {
    if (words[0] === "--" && words.length === 1) throw new UsageError("attune launch: which command stands behind --?");
    const { buildMpiAddon, findMpirun, mpirunArguments, programOf, runJob } = await import("../processes/index.js");
    const program = programOf(words);
    const mpirun = findMpirun();
    buildMpiAddon(); // once, before all processes would
    if (threads !== undefined) process.env.ATTUNE_THREADS = String(threads);
    // mpirun gives its processes a terminal to write to; what they write ends where this one's output goes.
    if (!process.stdout.isTTY && process.env.FORCE_COLOR === undefined) process.env.NO_COLOR = "1";
    const job = {
      processes,
      hosts,
      mpiArguments: mpiArgs?.split(/\s+/).filter((word) => word !== ""),
      processors: availableParallelism(),
      root: process.getuid?.() === 0,
      env: process.env,
    };
    return runJob({
      command: mpirun,
      args: mpirunArguments(job, program),
      processes,
      out: (line) => process.stdout.write(line),
      err: (line) => process.stderr.write(line),
      verbose: process.env.ATTUNE_DEBUG === "1",
    });
  },
});
