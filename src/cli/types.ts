// attune types: writes a declaration file, so that the compiler knows a dataset's rows.
import { text } from "../trainer/fields.js";
import { defineCommand } from "./command.js";

const flags = {
  config: text({ default: undefined, placeholder: "NAME", help: "configuration of the dataset" }),
  output: text({
    default: undefined,
    placeholder: "FILE",
    help: "where to write it; - for standard output",
    defaultNote: "NAME.d.ts, after the dataset",
  }),
} as const;

/** Rows of each split that are looked through for missing values. */
const ROWS_SEEN = 10_000;

export const command = defineCommand({
  name: "types",
  description:
    "Writes a TypeScript declaration of a dataset's rows: columns, label names, and which columns lack values in the first\n" +
    "10,000 rows of a split. With the file in a program, loadDataset knows the rows of that dataset.",
  usage: ["attune types user/reviews", "attune types reviews.csv --output src/reviews.d.ts"],
  words: [{ name: "DATASET", help: "a name on the Hub, a folder, or a file" }],
  sections: [{ title: "Flags", flags }],
  flags,
  required: [],
  run: async ({ config, output }, _, [path]) => {
    const [{ declarationOf, rowName }, { loadDataset }, { writeFileAtomic }, { info }, { DataError }] =
      await Promise.all([
        import("../datasets/declaration.js"),
        import("../datasets/index.js"),
        import("../support/atomic.js"),
        import("../support/log.js"),
        import("../support/errors.js"),
      ]);
    const splits = await loadDataset(path, config, { streaming: true });
    const [first] = splits;
    const features = first?.[1].features;
    if (features === undefined) throw new DataError(`${path} has no rows of which types could be told`);
    const nullable = new Set<string>();
    for (const [, split] of splits) {
      for await (const row of split.take(ROWS_SEEN)) {
        for (const name of Object.keys(features)) if (row[name] === null || row[name] === undefined) nullable.add(name);
      }
    }
    const declaration = declarationOf({ path, config, features, nullable });
    if (output === "-") {
      process.stdout.write(declaration);
      return 0;
    }
    const name = rowName(path, config).replace(/Row$/, "");
    const file = output ?? `${name.replaceAll(/(?<=[a-z0-9])[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}.d.ts`;
    await writeFileAtomic(file, declaration);
    info(`wrote ${rowName(path, config)} to ${file}`);
    return 0;
  },
});
