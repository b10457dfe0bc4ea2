// The kernels' test program with sanitizers for every instruction set that the processor has.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { root } from "../../scripts/prebuilt/folders.js";

it.each(["address,undefined", "thread"])(
  "the kernels of every instruction set under -fsanitize=%s",
  (sanitize) => {
    const program = join(root, "native/test/build.js");
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, `--sanitize=${sanitize}`], {
      encoding: "utf8",
    });
    expect(status, `${stdout}\n${stderr}`).toBe(0);
  },
  1_200_000,
);
