// attune dashboard: a local web page over the runs of a folder.
import { integer } from "../trainer/fields.js";
import { defineCommand } from "./command.js";

const flags = {
  port: integer({
    default: undefined,
    min: 0,
    max: 65535,
    help: "port of this machine to listen on; 0 takes any that is free",
    defaultNote: "6070, or one of the next that is free",
  }),
} as const;

const FIRST_PORT = 6070;
const PORTS = 20;

export const command = defineCommand({
  name: "dashboard",
  description:
    "Shows the runs of a folder in the browser while they go on: curves, comparison, evaluations, checkpoints.\n" +
    "The page is served to this machine alone, by a link that holds a key. Ctrl-C ends it.",
  usage: ["attune dashboard runs", "attune dashboard runs/mrpc --port 8080"],
  words: [{ name: "FOLDER", help: "folder of runs, or of one run" }],
  sections: [{ title: "Server", flags }],
  flags,
  required: [],
  run: async ({ port }, _given, [folder]) => {
    const [{ startDashboard, keptToken, logCache }, { ConfigError }] = await Promise.all([
      import("../dashboard/index.js"),
      import("../support/errors.js"),
    ]);
    const token = await keptToken();
    const cache = logCache();
    const start = async () => {
      if (port !== undefined) return startDashboard({ folder, port, token, cache });
      for (let next = FIRST_PORT; ; next++) {
        try {
          return await startDashboard({ folder, port: next, token, cache });
        } catch (error) {
          const taken = error instanceof ConfigError && error.message.includes("another program listens there");
          if (!taken || next >= FIRST_PORT + PORTS) throw error;
        }
      }
    };
    const dashboard = await start();
    console.log(`The dashboard of ${folder} is at\n\n  ${dashboard.url}\n\nCtrl-C ends it.`);
    await new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await dashboard.close();
    return 0;
  },
});
