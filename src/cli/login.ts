// attune login: checks a token with the Hub and keeps it where Python's huggingface_hub keeps it, too.
import { defineCommand } from "./command.js";
import { UsageError } from "./flags.js";

export const command = defineCommand({
  name: "login",
  description:
    "Logs in to the Hugging Face Hub. The token is asked for, or read from standard input; it is checked, and kept in a file\n" +
    "that only you may read ($HF_HOME/token), for Attune and for Python.",
  usage: ["attune login", "attune login < token.txt"],
  sections: [],
  flags: {},
  required: [],
  run: async () => {
    const [{ login }, { hubEnvironment }, { askSecret }] = await Promise.all([
      import("../hub/index.js"),
      import("../hub/environment.js"),
      import("./secret.js"),
    ]);
    const { endpoint } = hubEnvironment();
    const secret = await askSecret(`Token (make one at ${endpoint}/settings/tokens; it is not shown): `);
    if (secret === "") throw new UsageError("no token was given on standard input");
    const { account, path, overriddenBy } = await login(secret);
    console.log(
      `Logged in as ${account.name}${account.role ? `, with a token for: ${account.role}` : ""}. Kept in ${path}`,
    );
    if (overriddenBy !== undefined) console.log(`${overriddenBy} is set and goes before it.`);
    return 0;
  },
});
