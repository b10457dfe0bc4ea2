// Two runs side by side, from their manifests, logs and results.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FileFormatError } from "../support/errors.js";
import { isObject } from "../support/json-object.js";
import { manifestFile } from "./run-files.js";
import { readTrainerState } from "./state.js";

/** Something that the runs do not have in common; undefined where one has none. */
export interface Difference {
  /** As a path: arguments.learningRate. */
  readonly name: string;
  readonly values: readonly [unknown, unknown];
}

export interface RunComparison {
  /** How they were made: arguments, data, versions, machine. */
  readonly made: readonly Difference[];
  /** The first logged training loss that differs, and the step of the last one before it that is equal. */
  readonly parted:
    | { readonly step: number; readonly losses: readonly [number, number]; readonly equalUntil: number | undefined }
    | undefined;
  /** What they reached, timings left out. */
  readonly results: readonly Difference[];
}

/** What differs by nature: the time, the folder, the name. */
const EXPECTED = /^(started|resumedAt|arguments\.(outputDir|runName|resumeFromCheckpoint))$/;
const TIMINGS = /_(runtime|per_second)$/;

/**
 * @param first Folders of runs.
 * @throws FileFormatError where one is no run's folder, or damaged
 */
export async function compareRuns(first: string, second: string): Promise<RunComparison> {
  const made = await differences(manifestFile, first, second); // first: what is missing of a folder that is no run's
  const results = await differences("all_results.json", first, second);
  return {
    made: made.filter(({ name }) => !EXPECTED.test(name)),
    parted: await firstParting(first, second),
    results: results.filter(({ name }) => !TIMINGS.test(name)),
  };
}

async function differences(file: string, first: string, second: string): Promise<Difference[]> {
  const [a, b] = (await Promise.all([first, second].map((folder) => readJson(join(folder, file))))).map((content) =>
    flatten(content),
  );
  return [...new Set([...a.keys(), ...b.keys()])]
    .sort()
    .filter((name) => JSON.stringify(a.get(name)) !== JSON.stringify(b.get(name)))
    .map((name) => ({ name, values: [a.get(name), b.get(name)] }));
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    throw new FileFormatError(
      `${path} cannot be read, so that its folder is no finished run's: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}

/** Values of an object by their paths; lists are values. */
function flatten(value: unknown, path = ""): Map<string, unknown> {
  if (!isObject(value)) return new Map([[path, value]]);
  return new Map(
    Object.entries(value).flatMap(([key, inner]) => [...flatten(inner, path === "" ? key : `${path}.${key}`)]),
  );
}

async function firstParting(first: string, second: string): Promise<RunComparison["parted"]> {
  const [a, b] = await Promise.all(
    [first, second].map(async (folder) => {
      const { state } = await readTrainerState(join(folder, "trainer_state.json"));
      return new Map(state.logHistory.flatMap((row) => (row.loss === undefined ? [] : [[row.step, row.loss]])));
    }),
  );
  let equalUntil: number | undefined;
  for (const [step, loss] of a) {
    const other = b.get(step);
    if (other === undefined) continue;
    if (other !== loss) return { step, losses: [loss, other], equalUntil };
    equalUntil = step;
  }
  return undefined;
}
