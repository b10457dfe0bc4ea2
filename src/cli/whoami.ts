// attune whoami: whose token is in use.
import { defineCommand } from "./command.js";

export const command = defineCommand({
  name: "whoami",
  description: "Asks the Hub whose token is in use, and what it may do.",
  usage: ["attune whoami"],
  sections: [],
  flags: {},
  required: [],
  run: async () => {
    const { whoami } = await import("../hub/index.js");
    const { name, orgs, role, tokenSource } = await whoami();
    console.log(name);
    if (orgs.length > 0) console.log(`organizations: ${orgs.join(", ")}`);
    console.log(`token: ${role ?? "of an unknown kind"}, from ${tokenSource}`);
    return 0;
  },
});
