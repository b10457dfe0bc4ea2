// Ctrl-C once is a request, twice is what it always was.
import { expect, it, vi } from "vitest";
import { terminal } from "../../src/support/terminal.js";
import { Interrupt } from "../../src/trainer/interrupt.js";

it("remembers the first signal, passes on the second, and leaves no listener", () => {
  const said = vi.spyOn(terminal, "writeLine").mockImplementation(() => undefined);
  const kill = vi.spyOn(process, "kill").mockReturnValue(true);
  const now = vi.spyOn(performance, "now").mockReturnValue(1000);
  const before = process.listenerCount("SIGINT");
  {
    using interrupt = new Interrupt();
    expect(interrupt.received).toBeUndefined();
    process.emit("SIGTERM", "SIGTERM");
    expect(interrupt.received).toBe("SIGTERM");
    expect(said).toHaveBeenCalledTimes(1);
    now.mockReturnValue(1100);
    process.emit("SIGTERM", "SIGTERM"); // passed on by a runner: the same once more
    expect(kill).not.toHaveBeenCalled();
    now.mockReturnValue(1400);
    process.emit("SIGINT", "SIGINT");
    expect(kill).toHaveBeenCalledWith(process.pid, "SIGINT");
  }
  expect(process.listenerCount("SIGINT")).toBe(before);
  expect(process.listenerCount("SIGTERM")).toBe(0);
});
