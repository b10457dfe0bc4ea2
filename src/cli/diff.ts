// attune diff: what differs between two runs: how they were made, where their losses part, what they reached.
import { defineCommand } from "./command.js";

export const command = defineCommand({
  name: "diff",
  description:
    "Says what differs between two runs: arguments, data, versions, machine; the first step whose loss is another; the results.\n" +
    "The exit status is 0 where they were made alike, 1 where they were not.",
  usage: ["attune diff runs/first runs/second"],
  words: [
    { name: "RUN", help: "folder of a run" },
    { name: "RUN", help: "folder of another" },
  ],
  sections: [],
  flags: {},
  required: [],
  run: async (_values, _given, [first, second]) => {
    const [{ compareRuns }, { table }] = await Promise.all([
      import("../trainer/compare-runs.js"),
      import("./report.js"),
    ]);
    const { made, parted, results } = await compareRuns(first, second);
    const show = (value: unknown) =>
      value === undefined ? "-" : typeof value === "string" ? value : JSON.stringify(value);
    const rows = (differences: typeof made) => differences.map(({ name, values }) => [name, ...values.map(show)]);
    console.log(
      made.length === 0
        ? "Made alike: the same arguments, data, versions and machine."
        : table([["Made with", first, second], ...rows(made)]),
    );
    if (parted) {
      const { step, losses, equalUntil } = parted;
      const before = equalUntil === undefined ? "differ from the first on" : `are equal until step ${equalUntil}`;
      console.log(`\nLogged training losses ${before}: at step ${step} they are ${losses[0]} and ${losses[1]}.`);
    } else console.log("\nTraining losses are equal wherever both have logged one.");
    if (results.length > 0) console.log(`\n${table([["Results", first, second], ...rows(results)])}`);
    else console.log("Results are equal.");
    return made.length === 0 ? 0 : 1;
  },
});
