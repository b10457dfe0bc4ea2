// attune cache: what was downloaded from the Hub: list it, remove parts of it, check it against its checksums.
import { formatBytes } from "../hub/progress.js";
import { nearest } from "../support/errors.js";
import { toggle } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { UsageError } from "./flags.js";

const flags = {
  dryRun: toggle({ default: false, help: "rm: say what would be removed, and leave it" }),
  revisions: toggle({ default: false, help: "ls: a line for each revision" }),
  fix: toggle({ default: false, help: "verify: remove what is damaged, so that it is fetched anew" }),
} as const;

type Flags = { readonly [Name in keyof typeof flags]: boolean };

/** Actions by name; each is given the words after it. */
const actions: Readonly<Record<string, (words: readonly string[], flags: Flags) => Promise<number>>> = {
  ls: list,
  rm: remove,
  verify,
};

export const command = defineCommand({
  name: "cache",
  description:
    "Models and datasets in the cache that Attune shares with Python ($HF_HUB_CACHE). A name is owner/name, or where that is\n" +
    "both a model and a dataset, model/owner/name; with @REVISION it means that revision only.",
  usage: [
    "attune cache ls",
    "attune cache rm bert-base-uncased nyu-mll/glue@main --dry-run",
    "attune cache verify --fix",
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
