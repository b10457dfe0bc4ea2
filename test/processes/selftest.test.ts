// The self-test that users run on their own machines, here on one process and on two.
import { expect, it, vi } from "vitest";
import { attune } from "../cli/run.js";
import { describeJobs, quiet } from "./jobs.js";

vi.setConfig({ testTimeout: 600_000 });

it("attune selftest says what works on one process", async () => {
  const { status, stdout, stderr } = await attune(["selftest"], { env: quiet });
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/^1 process\n {2}rank 0: localhost, /);
  expect(stdout.match(/^ok {6}/gm)).toHaveLength(4);
});

describeJobs("attune launch -- selftest", () => {
  it("says what works between two", async () => {
    const { status, stdout, stderr } = await attune(["launch", "--processes", "2", "--", "selftest"], { env: quiet });
    expect(status, stderr).toBe(0);
    expect(stdout.match(/^\[0\] ok {6}/gm)).toHaveLength(4);
    expect(stdout).toMatch(/^\[0\] All is well; rank 0 has sent [1-9]\d* bytes$/m);
    expect(stdout).not.toContain("[1]");
  });
});
