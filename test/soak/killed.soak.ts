// kill -9 at fifty random moments: in steps, in saving, in evaluations, while the run begins; after each the run goes on,
// and it ends with the bits of one that nobody disturbed.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { remains, train } from "../trainer/killed.js";
import { temporaryFolder } from "../trainer/tiny.js";

const KILLS = 50;
const EPOCHS = 400;

/** A linear congruential generator (Numerical Recipes): the moments are the same in each run of the test. */
let state = 20_261_125;
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};

it("a run killed fifty times ends as if it had not been", { timeout: 1_800_000 }, async () => {
  const folder = temporaryFolder("killed-often");
  const [whole, killed] = [join(folder, "whole", "run"), join(folder, "killed", "run")];
  let kills = 0;
  for (let run = 0; kills < KILLS && run < 4 * KILLS; run++) {
    const { signal, status, output } = await train(killed, { epochs: EPOCHS, killAfter: 300 * random() });
    if (signal === "SIGKILL") kills++;
    else expect(status, output).toBe(0);
    if (status === 0) break; // it was over before its moment
  }
  const last = await train(killed, { epochs: EPOCHS });
  expect(last.status, last.output).toBe(0);
  const undisturbed = await train(whole, { epochs: EPOCHS });
  expect(undisturbed.status, undisturbed.output).toBe(0);
  console.log(`killed ${kills} times`);
  expect(kills).toBeGreaterThanOrEqual(KILLS);
  expect(await remains(killed)).toEqual(await remains(whole));
  expect(readdirSync(killed).sort()).toEqual(readdirSync(whole).sort());
});
