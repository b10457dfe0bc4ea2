// attune cache: what was downloaded from the Hub (list it, remove parts of it, check it against its checksums), and results
// of datasets' map and filter and the files that they were loaded from (list them, remove those that were not used lately).
import { formatBytes } from "../hub/progress.js";
import { nearest } from "../support/errors.js";
import { text, toggle, type ValuesOf } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { UsageError } from "./flags.js";

const flags = {
  dryRun: toggle({ default: false, help: "rm, prune: say what would be removed, and leave it" }),
  revisions: toggle({ default: false, help: "ls: a line for each revision" }),
  fix: toggle({ default: false, help: "verify: remove what is damaged, so that it is fetched anew" }),
  budget: text({
    default: undefined,
    placeholder: "SIZE",
    help: "prune: what cached results may take, 500MB or 20GB; 0 for none",
    defaultNote: "$ATTUNE_CACHE_BUDGET, or 20GB",
  }),
} as const;

type Flags = ValuesOf<typeof flags>;

/** Actions by name; each is given the words after it. */
const actions: Readonly<Record<string, (words: readonly string[], flags: Flags) => Promise<number>>> = {
  ls: list,
  rm: remove,
  verify,
  prune,
};

export const command = defineCommand({
  name: "cache",
  description:
    "Models and datasets in the cache that Attune shares with Python ($HF_HUB_CACHE). A name is owner/name, or where that is\n" +
    "both a model and a dataset, model/owner/name; with @REVISION it means that revision only.\n" +
    "Beside it the results of datasets: of map and filter, and of files that were loaded ($HF_DATASETS_CACHE/attune).",
  usage: [
    "attune cache ls",
    "attune cache rm bert-base-uncased nyu-mll/glue@main --dry-run",
    "attune cache verify --fix",
    "attune cache prune --budget 5GB",
  ],
  words: [
    { name: "ACTION", help: Object.keys(actions).join(", ") },
    {
      name: "NAME...",
      help: "models and datasets (ls and verify: all, where none is named)",
      optional: true,
      repeated: true,
    },
  ],
  sections: [{ title: "Flags", flags }],
  flags,
  required: [],
  run: async (values, _, [action, ...names]) => {
    if (Object.hasOwn(actions, action)) return actions[action](names, values);
    const near = nearest(action, Object.keys(actions));
    const hint = near === undefined ? `; there are ${Object.keys(actions).join(", ")}` : `; did you mean ${near}?`;
    throw new UsageError(`attune cache has no action "${action}"${hint}`);
  },
});

async function list(names: readonly string[], { revisions }: Flags): Promise<number> {
  const { scanCacheDir } = await import("../hub/index.js");
  const scan = await scanCacheDir();
  const repos = scan.repos.filter(({ id }) => names.length === 0 || names.includes(id));
  const rows = repos.flatMap((repo) => {
    const day = repo.lastModified.toISOString().slice(0, 10);
    if (!revisions) {
      const refs = repo.revisions.flatMap((revision) => revision.refs);
      return [[repo.type, repo.id, formatBytes(repo.size), day, refs.join(", ")]];
    }
    return repo.revisions.map(({ commit, refs, size }) => [
      repo.type,
      `${repo.id}@${commit.slice(0, 7)}`,
      formatBytes(size),
      day,
      refs.join(", "),
    ]);
  });
  const widths = [0, 1, 2, 3].map((i) => Math.max(0, ...rows.map((row) => row[i].length)));
  for (const row of rows) {
    console.log(
      row
        .map((cell, i) => (i === 2 ? cell.padStart(widths[i]) : cell.padEnd(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    );
  }
  const broken = scan.incomplete.reduce((sum, { size }) => sum + size, 0);
  const unfinished = scan.incomplete.length > 0 ? `, and ${formatBytes(broken)} of unfinished downloads` : "";
  console.log(
    `${scan.folder}: ${repos.length} of ${scan.repos.length} shown, ${formatBytes(scan.size)} in all${unfinished}`,
  );
  if (names.length === 0) await listResults();
  return 0;
}

/** Results of datasets, the one that was used last first. */
async function listResults(): Promise<void> {
  const [{ cacheDirectory }, { listCache }] = await Promise.all([
    import("../datasets/cache/directory.js"),
    import("../datasets/cache/entries.js"),
  ]);
  const results = await listCache();
  for (const { kind, key, bytes, rows, columns, lastUsed } of results) {
    const size = formatBytes(bytes).padStart(9);
    console.log(
      `${kind.padEnd(7)}  ${key.slice(0, 12)}  ${size}  ${lastUsed.toISOString().slice(0, 10)}  ${rows} rows  ${columns.join(", ")}`,
    );
  }
  const size = results.reduce((sum, { bytes }) => sum + bytes, 0);
  console.log(`${cacheDirectory()}: ${results.length} results of datasets, ${formatBytes(size)} in all`);
}

async function prune(words: readonly string[], { budget, dryRun }: Flags): Promise<number> {
  if (words.length > 0)
    throw new UsageError("attune cache prune takes no names: it removes what was unused for longest");
  const [{ cacheBudget, parseBytes }, { pruneCache }] = await Promise.all([
    import("../datasets/cache/directory.js"),
    import("../datasets/cache/entries.js"),
  ]);
  const limit = budget === undefined ? cacheBudget() : parseBytes(budget, "--budget");
  const removed = await pruneCache(limit, { dryRun });
  const freed = removed.reduce((sum, { bytes }) => sum + bytes, 0);
  const verb = dryRun ? "Would remove" : "Removed";
  console.log(`${verb} ${removed.length} results of datasets: ${formatBytes(freed)} (budget ${formatBytes(limit)})`);
  return 0;
}

async function remove(names: readonly string[], { dryRun }: Flags): Promise<number> {
  if (names.length === 0)
    throw new UsageError("attune cache rm needs NAME: what to remove; `attune cache ls` lists it");
  const { removeFromCache } = await import("../hub/index.js");
  const { what, freed, shared } = await removeFromCache(names, { dryRun });
  console.log(`${dryRun ? "Would remove" : "Removed"} ${what.join(", ")}: ${formatBytes(freed)}`);
  if (shared > 0) {
    console.log(
      `${formatBytes(shared)} are in the store that Python shares among repositories: \`hf cache prune\` clears it`,
    );
  }
  return 0;
}

async function verify(ids: readonly string[], { fix }: Flags): Promise<number> {
  const { verifyCache } = await import("../hub/index.js");
  const { checked, unchecked, problems } = await verifyCache({ ids, fix });
  for (const { repo, path, reason } of problems) console.log(`${repo}: ${path}: ${reason}${fix ? "; removed" : ""}`);
  const others = unchecked > 0 ? `, ${unchecked} have names that are no checksums` : "";
  console.log(
    `${checked} contents checked${others}; ${problems.length === 0 ? "all are right" : `${problems.length} problems`}`,
  );
  return problems.length > 0 && !fix ? 1 : 0;
}
