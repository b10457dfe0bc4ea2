// From a command line to its command: finds it, loads its file, reads its flags.
import { nearest } from "../support/errors.js";
import type { Command } from "./command.js";
import { commandHelp, parseFlags, UsageError } from "./flags.js";

/** Commands by name: what they do, and their file, which is loaded when it is asked for. */
const commands: Readonly<Record<string, { summary: string; load: () => Promise<{ command: Command }> }>> = {
  quickstart: {
    summary: "fine-tune a small model that comes with Attune, offline, in a minute or two",
    load: () => import("./quickstart.js"),
  },
  train: { summary: "fine-tune a model on a dataset", load: () => import("./train.js") },
  glue: { summary: "fine-tune a model on GLUE's tasks in turn, with a table", load: () => import("./glue.js") },
  search: { summary: "fine-tune a model many times, for the best settings", load: () => import("./search.js") },
  launch: { summary: "run a loop or a command on several processes", load: () => import("./launch.js") },
  eval: { summary: "measure a trained model on a dataset", load: () => import("./eval.js") },
  predict: { summary: "classify texts with a trained model", load: () => import("./predict.js") },
  serve: { summary: "answer requests over HTTP with a trained model", load: () => import("./serve.js") },
  merge: { summary: "make an ordinary model of an adapter and its base", load: () => import("./merge.js") },
  export: { summary: "write a trained model for onnxruntime and the browser", load: () => import("./export.js") },
  dashboard: { summary: "show runs in the browser while they go on", load: () => import("./dashboard.js") },
  runs: { summary: "list runs: how they stand, their loss, the best they reached", load: () => import("./runs.js") },
  curves: { summary: "draw what runs have logged in the terminal", load: () => import("./curves.js") },
  diff: { summary: "say what differs between two runs", load: () => import("./diff.js") },
  push: { summary: "publish a folder on the Hugging Face Hub", load: () => import("./push.js") },
  login: { summary: "log in to the Hugging Face Hub", load: () => import("./login.js") },
  logout: { summary: "forget the Hub's token", load: () => import("./logout.js") },
  whoami: { summary: "say which account of the Hub is in use", load: () => import("./whoami.js") },
  cache: { summary: "list, check and clear what was downloaded", load: () => import("./cache.js") },
  types: { summary: "write a TypeScript declaration of a dataset's rows", load: () => import("./types.js") },
  selftest: {
    summary: "check what this machine, or the processes of a job, can do",
    load: () => import("./selftest.js"),
  },
  env: { summary: "say what this machine offers", load: () => import("./env.js") },
};

function help(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length)) + 2;
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`);
  return (
    "attune: fine-tune pretrained transformers in TypeScript\n\nUsage\n  attune COMMAND [FLAGS]\n\n" +
    `Commands\n${lines.join("\n")}\n\n\`attune COMMAND --help\` lists the flags of a command.\n`
  );
}

async function version(): Promise<string> {
  return (await import("../support/version.js")).version;
}

/**
 * Does what a command line asks for, `args` being what stands after `attune`.
 * @returns The exit status: 0 where all went well, else what the command says.
 * @throws UsageError where the command line is wrong, and whatever the command throws.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "--help" || name === "-h" || (name === "help" && rest.length === 0)) {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`${await version()}\n`);
    return 0;
  }
  if (name === "help") return runCommandLine([rest[0], "--help"]);
  if (!Object.hasOwn(commands, name)) {
    const near = nearest(name, Object.keys(commands));
    throw new UsageError(
      `There is no command "${name}"${near ? `; did you mean "${near}"?` : "."} \`attune --help\` lists them`,
    );
  }
  const { command } = await commands[name].load();
  const flags = parseFlags(command, rest);
  if (flags.help) {
    process.stdout.write(commandHelp(command));
    return 0;
  }
  return command.run(flags.values, flags.given, flags.words);
}
