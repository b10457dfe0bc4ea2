import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Runs before each test file: what it and the processes it starts leave in the temporary folder is its own, so that a
// test can ask what is there while other files run. The folder of the whole run goes when the run ends.
const folder = mkdtempSync(join(tmpdir(), "file-"));
process.env.TMPDIR = folder;
process.env.TEMP = folder; // Windows's name for it
