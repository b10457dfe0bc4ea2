// Do Python's peft and Attune read the adapters that the other saved, with the same logits: each of two adapters on one base,
// merged? (Both at once peft refuses where each has a head of its own.) And what do both reach on MRPC?
//   npx tsx bench/lora.ts [--python /path/to/python]           the files, both ways
//   npx tsx bench/lora.ts --scores --seeds 42,1,2 [--full]     three epochs of MRPC on both sides, an adapter or all weights
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  AutoModelForSequenceClassification,
  AutoTokenizer,
  type Batch,
  DataCollatorWithPadding,
  DataLoader,
  getPeftModel,
  noGrad,
  PeftModel,
  Trainer,
} from "attune";
import { type GlueRow, loadDataset } from "attune/datasets";
import { glue } from "attune/metrics";
import { askPeer, largestDifference, report } from "./peer.js";
import { standardDataset, standardModel } from "./twin.js";

const LOGITS = 1e-4; // for logits of order one, in proportion for larger ones: a hundred times float32's rounding of them

const { values } = parseArgs({
  options: {
    python: { type: "string" },
    model: { type: "string", default: standardModel },
    rows: { type: "string", default: "64" },
    scores: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    seeds: { type: "string", default: "42,1,2" },
    epochs: { type: "string", default: "3" },
    side: { type: "string", default: "both" }, // or attune, or python
  },
});

const raw = await loadDataset<GlueRow<"mrpc">>(standardDataset, "mrpc");
const tokenizer = await AutoTokenizer.fromPretrained(values.model);
const tokenized = await raw.map(
  (rows, { tokenizer }) => tokenizer(rows.sentence1, rows.sentence2, { truncation: true }),
  { batched: true, with: { tokenizer } },
);
const folder = mkdtempSync(join(tmpdir(), "attune-lora-"));
const load = () => AutoModelForSequenceClassification.fromPretrained(join(folder, "base"));

async function compareFiles(): Promise<void> {
  const validation = tokenized.validation.select([...Array(Number(values.rows)).keys()]);
  const inputs = validation.removeColumns(["sentence1", "sentence2", "idx", "label"]);
  const batches: Batch[] = [];
  for await (const batch of new DataLoader(inputs, {
    batchSize: 16,
    collator: new DataCollatorWithPadding(tokenizer),
  })) {
    batches.push(batch);
  }
  const lists = await Promise.all(
    batches.map(async (batch) =>
      Object.fromEntries(
        await Promise.all(Object.entries(batch).map(async ([name, tensor]) => [name, await tensor.toArray()] as const)),
      ),
    ),
  );
  const logitsOf = async (model: { forward(batch: Batch): { readonly logits: { toArray(): Promise<unknown> } } }) => {
    const rows: number[][] = [];
    for (const batch of batches)
      rows.push(...((await noGrad(() => model.forward(batch)).logits.toArray()) as number[][]));
    return rows;
  };
  type Logits = Readonly<Record<"first" | "second" | "merged", number[][]>>;
  const logitsOfAll = async (model: PeftModel<Awaited<ReturnType<typeof load>>>): Promise<Logits> => {
    model.eval();
    const first = await logitsOf(model.setAdapter("first"));
    const second = await logitsOf(model.setAdapter("second"));
    return { first, second, merged: await logitsOf(model.setAdapter("first").mergeAndUnload().eval()) };
  };
  const compare = (ours: Logits, theirs: Logits, who: string) => {
    for (const name of ["first", "second", "merged"] as const) {
      const size = theirs[name].flat().reduce((most, logit) => Math.max(most, Math.abs(logit)), 1);
      report(`${who}, ${name}`, largestDifference(ours[name], theirs[name]), LOGITS * size);
    }
  };

  const fresh = await AutoModelForSequenceClassification.fromPretrained(values.model, { numLabels: 2, seed: 7 });
  await fresh.savePretrained(join(folder, "base"));
  const choices = { r: 8, loraAlpha: 16, targetModules: ["query", "value"], initLoraWeights: false } as const;
  const ours = getPeftModel(await load(), choices, { adapterName: "first" });
  ours.addAdapter("second", { ...choices, r: 4, targetModules: "all-linear" });
  await ours.savePretrained(join(folder, "ours"));
  const found = await logitsOfAll(ours);
  type Answer = { readonly name: string; readonly logits: Logits };
  const [adapter, second] = ["first", "second"].map((name) => join(folder, "ours", name));
  const read = askPeer<Answer>("python_lora.py", { cmd: "read", adapter, second, batches: lists }, values.python);
  console.log(`${read.name}, ${values.rows} rows`);
  compare(found, read.logits, "saved by Attune, read by peft");

  const output = join(folder, "theirs");
  const lora = { r: 8, lora_alpha: 16, target_modules: ["query", "value"], init_lora_weights: false };
  const request = { cmd: "write", model: join(folder, "base"), output, lora, batches: lists };
  const written = askPeer<Answer>("python_lora.py", request, values.python);
  const again = await PeftModel.fromPretrained(await load(), join(output, "first"), { adapterName: "first" });
  await again.loadAdapter(join(output, "second"), "second");
  compare(await logitsOfAll(again), written.logits, "saved by peft, read by Attune");
}

interface Score {
  readonly accuracy: number;
  readonly f1: number;
}

/** What `attune train` does: the Trainer's defaults, and dropout as the checkpoint has it. */
async function trainHere(seed: number, output: string): Promise<Score> {
  const base = await AutoModelForSequenceClassification.fromPretrained(values.model, { numLabels: 2, seed });
  const choices = { r: 8, loraAlpha: 16, loraDropout: 0.1, targetModules: ["query", "value"] };
  const trainer = new Trainer({
    model: values.full ? base : getPeftModel(base, choices),
    args: {
      outputDir: output,
      seed,
      numTrainEpochs: Number(values.epochs),
      learningRate: values.full ? 5e-5 : 1e-3,
      perDeviceEvalBatchSize: 32,
      saveStrategy: "no",
      disableTqdm: true,
    },
    trainDataset: tokenized.train,
    evalDataset: tokenized.validation,
    dataCollator: new DataCollatorWithPadding(tokenizer),
    computeMetrics: glue("mrpc"),
  });
  await trainer.train();
  const { eval_accuracy: accuracy, eval_f1: f1 } = await trainer.evaluate();
  return { accuracy, f1 };
}

async function compareScores(): Promise<void> {
  const lora = { r: 8, lora_alpha: 16, lora_dropout: 0.1, target_modules: ["query", "value"] };
  for (const seed of values.seeds.split(",").map(Number)) {
    const request = {
      cmd: "train",
      model: values.model,
      data: join(standardDataset, "mrpc"),
      seed,
      epochs: Number(values.epochs),
      output: join(folder, "python"),
      learning_rate: values.full ? 5e-5 : 1e-3,
      lora: values.full ? undefined : lora,
    };
    const show = ({ accuracy, f1 }: Score) => `accuracy ${accuracy.toFixed(4)}, F1 ${f1.toFixed(4)}`;
    if (values.side !== "python")
      console.log(`seed ${seed}, Attune: ${show(await trainHere(seed, join(folder, "attune")))}`);
    if (values.side !== "attune") {
      const theirs = askPeer<Score & { readonly name: string }>("python_lora.py", request, values.python);
      console.log(`seed ${seed}, ${theirs.name}: ${show(theirs)}`);
    }
  }
}

try {
  await (values.scores ? compareScores() : compareFiles());
} finally {
  rmSync(folder, { recursive: true, force: true });
}
