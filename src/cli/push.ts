// attune push: publishes a folder on the Hub.
import { formatBytes } from "../hub/progress.js";
import { choice, text, toggle } from "../trainer/fields.js";
import { defineCommand } from "./command.js";
import { UsageError } from "./flags.js";

const optional = { default: undefined } as const;

const flags = {
  repoType: choice(["model", "dataset", "space"], { default: "model", help: "what to publish it as" }),
  private: toggle({ default: false, help: "make a new repository private" }),
  revision: text({ default: "main", placeholder: "NAME", help: "branch to publish to; it is made if there is none" }),
  createPr: toggle({ default: false, help: "open a pull request instead of writing to the branch" }),
  message: text({
    ...optional,
    placeholder: "TEXT",
    help: "title of the commit",
    defaultNote: "Upload folder with Attune",
  }),
  pathInRepo: text({
    ...optional,
    placeholder: "PATH",
    help: "folder of the repository to publish to",
    defaultNote: "its root",
  }),
  include: text({
    ...optional,
    placeholder: "PATTERNS",
    help: "publish only what matches one of these, with commas between",
  }),
  exclude: text({
    default: "checkpoint-*/*",
    placeholder: "PATTERNS",
    help: "leave out what matches one of these, with commas between",
  }),
  dryRun: toggle({ default: false, help: "list what would be published, and ask the Hub nothing" }),
} as const;

export const command = defineCommand({
  name: "push",
  description:
    "Publishes the files of a folder on the Hugging Face Hub, in one commit. The repository is made if there is none; files that\n" +
    "it has already do not go again.",
  usage: [
    "attune push runs/mrpc user/bert-mrpc",
    "attune push data/reviews user/reviews --repo-type dataset --private",
  ],
  words: [
    { name: "FOLDER", help: "what to publish: a run's folder, a checkpoint, a dataset" },
    { name: "REPOSITORY", help: "user/name, or a name of the account that is logged in" },
  ],
  sections: [{ title: "Flags", flags }],
  flags,
  required: [],
  run: async (values, _, [folder, id]) => {
    const { folderFiles, isRepoId, uploadFolder } = await import("../hub/index.js");
    const { repoType } = values;
    if (!isRepoId(id)) throw new UsageError(`"${id}" is no repository; it is user/name`);
    const patterns = (list: string | undefined) => list?.split(",").filter((pattern) => pattern !== "");
    const options = {
      repoType,
      ...(values.private ? { private: true } : {}),
      revision: values.revision,
      createPr: values.createPr,
      ...(values.message === undefined ? {} : { commitMessage: values.message }),
      pathInRepo: values.pathInRepo,
      allowPatterns: patterns(values.include),
      ignorePatterns: patterns(values.exclude),
    };
    if (values.dryRun) {
      const files = await folderFiles(folder, options);
      const width = Math.max(0, ...files.map(({ size }) => formatBytes(size).length));
      for (const { path, size } of files) console.log(`${formatBytes(size).padStart(width)}  ${path}`);
      const total = files.reduce((sum, { size }) => sum + size, 0);
      console.log(
        `${files.length} files, ${formatBytes(total)}, would go to the ${repoType} ${id}. Nothing was published.`,
      );
      return 0;
    }
    const { url, changed, commitUrl, pullRequestUrl } = await uploadFolder(id, folder, options);
    console.log(
      changed.length === 0 ? `${url} has all of it already` : `${changed.length} files: ${pullRequestUrl ?? commitUrl}`,
    );
    return 0;
  },
});
