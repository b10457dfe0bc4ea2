// kill -9 at named points, one after another in the same run: each time it goes on, and it ends with the bits of a run that
// nobody disturbed.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { remains, train } from "./killed.js";
import { temporaryFolder } from "./tiny.js";

const folder = temporaryFolder("killed");

// In the order in which the run comes by them.
const points = [
  "before the first checkpoint",
  "between two batches of a step",
  "in the middle of writing weights",
  "between the weights and the optimizer",
  "before a checkpoint has its name",
  "after a checkpoint has its name, before the links",
  "while an old checkpoint is removed",
  "in an evaluation",
  "in the middle of the last save",
];

it("a run killed at nine points ends as if it had not been", { timeout: 240_000 }, async () => {
  const [whole, killed] = [join(folder, "whole", "run"), join(folder, "killed", "run")];
  const undisturbed = train(whole);
  for (const point of points) {
    const { signal, output } = await train(killed, { point });
    expect(signal, `${point}: ${output}`).toBe("SIGKILL");
  }
  const last = await train(killed);
  expect(last.status, last.output).toBe(0);
  const expected = await undisturbed;
  expect(expected.status, expected.output).toBe(0);
  expect(await remains(killed)).toEqual(await remains(whole));
  expect(readdirSync(killed).sort()).toEqual(readdirSync(whole).sort()); // nothing half-written is left
});
