// attune selftest: what works among the processes it was started with. Each check computes something whose result is known.
import { defineCommand } from "./command.js";

export const command = defineCommand({
  name: "selftest",
  description:
    "Checks what this machine, or several processes on a cluster of your own, can do: messages, sums of tensors, the same " +
    "weights everywhere, gradients as those of one process. Says what works, and ends with status 1 if something does not.",
  usage: ["attune selftest", "attune launch --processes 2 -- selftest", "srun --ntasks 4 npx attune selftest"],
  sections: [],
  flags: {},
  required: [],
  run: async () => {
    const { runSelfTest } = await import("../accelerate/self-test.js");
    return (await runSelfTest((line) => console.log(line))) ? 0 : 1;
  },
});
