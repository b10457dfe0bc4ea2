// A dataset of one's own on the Hub: published as private, and loaded by its name, which needs the token from then on.
//   npx attune login
//   npx tsx examples/private-dataset.ts --dataset user/reviews
import { parseArgs } from "node:util";
import { HubError } from "attune";
import { ClassLabel, Dataset, type Label, loadDataset } from "attune/datasets";

const { values } = parseArgs({ options: { dataset: { type: "string", default: "reviews" } } });

const reviews = Dataset.fromRows(
  [
    { text: "The room was quiet and the breakfast good.", label: 1 },
    { text: "Nobody answered the telephone.", label: 0 },
    { text: "We will come again.", label: 1 },
    { text: "It rained through the roof.", label: 0 },
  ],
  { features: { label: new ClassLabel({ names: ["negative", "positive"] }) } },
);
const { train, test } = await reviews.trainTestSplit({ testSize: 0.5, seed: 1 });
await train.pushToHub(values.dataset, { private: true });
const { id, url } = await test.pushToHub(values.dataset, { split: "test" });
console.log(`published: ${url}`);

const loaded = await loadDataset<{ text: string; label: Label }>(id); // with the token of `attune login`, or HF_TOKEN
console.log(loaded);
for (const { text, label } of loaded.test) console.log(loaded.test.features.label.int2str(label), "|", text);

try {
  await loadDataset(id, undefined, { token: false, forceDownload: true });
} catch (error) {
  if (!(error instanceof HubError)) throw error;
  console.log("without the token:", error.kind);
}
