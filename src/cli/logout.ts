// attune logout: removes the token that login keeps.
import { defineCommand } from "./command.js";

export const command = defineCommand({
  name: "logout",
  description: "Removes the Hub's tokens from this machine, for Attune and for Python.",
  usage: ["attune logout"],
  sections: [],
  flags: {},
  required: [],
  run: async () => {
    const { logout } = await import("../hub/index.js");
    const { removed, overriddenBy } = await logout();
    console.log(removed.length > 0 ? `Removed ${removed.join(" and ")}` : "There was no token here.");
    if (overriddenBy !== undefined) console.log(`${overriddenBy} is still set: unset it to be logged out.`);
    return 0;
  },
});
