// attune serve in a process of its own: its address, its answers, its end by a signal.
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { attune, writeCheckpoint } from "../cli/run.js";
import { temporaryFolder } from "../trainer/tiny.js";

const checkpoint = join(temporaryFolder("serve"), "run");
beforeAll(() => writeCheckpoint(checkpoint));

it.skipIf(process.platform === "win32")("serves on the loopback, and ends well by SIGTERM", async () => {
  const replies: Promise<unknown>[] = [];
  const result = await attune(["serve", checkpoint, "--port", "0"], {
    onStdout: (text, child) => {
      const [url] = /^http:\S+(?=\n)/.exec(text) ?? [];
      if (url === undefined || replies.length > 0) return;
      replies.push(ask(url).finally(() => child.kill("SIGTERM")));
    },
  });
  expect(await replies[0]).toEqual({
    predictions: [[{ label: expect.stringMatching(/^LABEL_/), score: expect.any(Number) }]],
  });
  expect(result.status).toBe(0);
  expect(result.stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\n$/);
  expect(result.stderr).toMatch(/SIGTERM: answering the requests that are here/);
});

async function ask(url: string): Promise<unknown> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(`${url}/predict`, { method: "POST", headers, body: '{"inputs":"a bad day"}' });
  return response.json();
}

it("says what it cannot serve", async () => {
  const missing = await attune(["serve", join(checkpoint, "nothing")]);
  expect([missing.status, missing.stderr]).toEqual([1, expect.stringMatching(/nothing/)]);
  const none = await attune(["serve"]);
  expect([none.status, none.stderr]).toEqual([2, expect.stringMatching(/attune serve needs RUN/)]);
});
