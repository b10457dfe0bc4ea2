// Asking for a secret: nothing of it appears on the screen. Where standard input is no terminal, it is read from there.
import { UsageError } from "./flags.js";

/** What a user types, or what stands on standard input. Throws UsageError where Ctrl-C or Ctrl-D ends it. */
export async function askSecret(question: string): Promise<string> {
  const { stdin } = process;
  if (!stdin.isTTY) {
    let text = "";
    for await (const chunk of stdin) text += String(chunk);
    return text.trim();
  }
  process.stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  try {
    let secret = "";
    for await (const chunk of stdin) {
      for (const key of String(chunk)) {
        if (key === "\r" || key === "\n") return secret.trim();
        if (key === "\u0003" || key === "\u0004") throw new UsageError("nothing was entered");
        if (key === "\u007f" || key === "\b") secret = secret.slice(0, -1);
        else if (key >= " ") secret += key;
      }
    }
    return secret.trim();
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    process.stderr.write("\n");
  }
}
