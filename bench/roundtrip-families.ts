// Does Python load what Attune saves, for every family and every head, and Attune what Python saves of it? Tiny models with
// values drawn here go to transformers and come back, as safetensors and as pytorch_model.bin in both of its forms; the
// outputs must stay the same, and in Python so must the loss, every gradient's norm, and the parameters' names and order.
//   npx tsx bench/roundtrip-families.ts [family ...]
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  AutoModel,
  AutoModelForMaskedLM,
  AutoModelForMultipleChoice,
  AutoModelForQuestionAnswering,
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  type ModelOptions,
  type PreTrainedModel,
  Tensor,
  tensor,
} from "attune";
import { peerPython } from "./peer.js";

const OUTPUT_TOLERANCE = 1e-5; // absolute, on values of order one: ten times what float32 makes of another order of sums
const NORM_TOLERANCE = 1e-4; // relative to the largest gradient's norm

const python = peerPython();
const script = fileURLToPath(new URL("peers/load_families.py", import.meta.url));

const VOCABULARY = 60;
const BERT = {
  vocab_size: VOCABULARY,
  hidden_size: 24,
  num_hidden_layers: 2,
  num_attention_heads: 3,
  intermediate_size: 40,
  max_position_embeddings: 20,
};

/** A family's tiny config. */
const families: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  bert: BERT,
  distilbert: { vocab_size: VOCABULARY, dim: 24, n_layers: 2, n_heads: 3, hidden_dim: 40, max_position_embeddings: 20 },
  roberta: BERT,
  "xlm-roberta": BERT,
  camembert: BERT,
  electra: { ...BERT, embedding_size: 12 },
  mpnet: BERT,
  "deberta-v2": {
    ...BERT,
    relative_attention: true,
    pos_att_type: ["p2c", "c2p"],
    position_buckets: 6,
    norm_rel_ebd: "layer_norm",
    share_att_key: true,
    position_biased_input: false,
    type_vocab_size: 0,
  },
  modernbert: {
    vocab_size: VOCABULARY,
    hidden_size: 24,
    intermediate_size: 20,
    num_hidden_layers: 4,
    num_attention_heads: 3,
    max_position_embeddings: 20,
    local_attention: 4,
    global_attn_every_n_layers: 3,
    pad_token_id: 0,
    cls_token_id: 1,
    sep_token_id: 2,
    bos_token_id: 1,
    eos_token_id: 2,
  },
  albert: { ...BERT, embedding_size: 12, num_hidden_layers: 4, num_hidden_groups: 2, inner_group_num: 2 },
};

interface AutoClass {
  fromConfig(config: Readonly<Record<string, unknown>>, options?: ModelOptions): PreTrainedModel;
  fromPretrained(folder: string): Promise<PreTrainedModel>;
}

interface Head {
  readonly auto: string;
  readonly automodel: AutoClass;
  readonly options?: ModelOptions;
  readonly labels?: Readonly<Record<string, unknown>>;
  /** Choices beside each other in the batch, as a multiple choice takes them. */
  readonly choices?: true;
  /** Without padding, which Python's loss reads. */
  readonly whole?: true;
}

const LENGTH = 8;
const tokenLabels = (classes: number) =>
  [0, 1].map((row) =>
    Array.from({ length: LENGTH }, (_, i) => (i === 0 || (row === 1 && i > 4) ? -100 : (i + row) % classes)),
  );

const heads: Readonly<Record<string, Head>> = {
  encoder: { auto: "AutoModel", automodel: AutoModel },
  "sequence classification": {
    auto: "AutoModelForSequenceClassification",
    automodel: AutoModelForSequenceClassification,
    options: { id2label: ["no", "yes", "maybe"] },
    labels: { labels: [2, 0] },
  },
  "token classification": {
    auto: "AutoModelForTokenClassification",
    automodel: AutoModelForTokenClassification,
    options: { numLabels: 5 },
    labels: { labels: tokenLabels(5) },
  },
  "question answering": {
    auto: "AutoModelForQuestionAnswering",
    automodel: AutoModelForQuestionAnswering,
    labels: { start_positions: [1, 0], end_positions: [3, 99] },
    whole: true,
  },
  "multiple choice": {
    auto: "AutoModelForMultipleChoice",
    automodel: AutoModelForMultipleChoice,
    labels: { labels: [1] },
    choices: true,
  },
  "masked language modelling": {
    auto: "AutoModelForMaskedLM",
    automodel: AutoModelForMaskedLM,
    labels: { labels: tokenLabels(VOCABULARY) },
  },
  "masked language modelling, not tied": {
    auto: "AutoModelForMaskedLM",
    automodel: AutoModelForMaskedLM,
    options: { tie_word_embeddings: false },
    labels: { labels: tokenLabels(VOCABULARY) },
  },
};

type Nested = number | readonly Nested[];
type Lists = Readonly<Record<string, Nested>>;

function batchOf(model: PreTrainedModel, { labels = {}, choices, whole }: Head): Lists {
  const lengths = whole ? [LENGTH, LENGTH] : [LENGTH, 5];
  const rows = (value: (row: number, column: number) => number, padding: number) =>
    lengths.map((length, row) => Array.from({ length: LENGTH }, (_, i) => (i < length ? value(row, i) : padding)));
  const padding = Number(model.config.pad_token_id ?? 0);
  const inputs: Record<string, Nested> = {
    input_ids: rows((row, i) => 5 + ((7 * i + 13 * row) % (VOCABULARY - 5)), padding),
    attention_mask: rows(() => 1, 0),
  };
  if (model.inputNames.includes("token_type_ids") && model.config.type_vocab_size === 2) {
    inputs.token_type_ids = rows((_, i) => (i > 3 ? 1 : 0), 0);
  }
  const shaped = choices ? Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, [value]])) : inputs;
  return { ...shaped, ...(labels as Lists) };
}

interface Result {
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly loss?: number;
  readonly norms?: readonly number[];
  readonly parameters: readonly string[];
}

async function run(model: PreTrainedModel, batch: Lists): Promise<Result> {
  model.zeroGrad();
  const tensors = Object.entries(batch).map(([name, values]) => [name, tensor(values, { dtype: "int32" })] as const);
  const output = model.forward(Object.fromEntries(tensors)) as Readonly<Record<string, unknown>>;
  const outputs: Record<string, readonly number[]> = {};
  for (const name of ["logits", "start_logits", "end_logits", "last_hidden_state", "pooler_output"]) {
    const value = output[name];
    if (value instanceof Tensor) outputs[name] = Array.from(await value.data());
  }
  const parameters = Array.from(model.namedParameters(), ([name]) => name);
  if (!(output.computedLoss instanceof Tensor)) return { outputs, parameters };
  const loss = output.computedLoss;
  loss.backward();
  const norms: number[] = [];
  for (const parameter of model.parameters()) {
    const gradient = await parameter.grad?.data();
    norms.push(gradient ? Math.hypot(...gradient) : 0);
  }
  return { outputs, loss: await loss.item(), norms, parameters };
}

/** The largest difference between two outputs, where the mask is 1 if there is a value a token; NaN where there is one. */
function difference(ours: Result["outputs"], theirs: Result["outputs"], batch: Lists): number {
  const mask = flat(batch.attention_mask);
  let largest = 0;
  for (const [name, values] of Object.entries(theirs)) {
    if (ours[name]?.length !== values.length)
      throw new Error(`${name}: ${ours[name]?.length} values for ${values.length}`);
    const width = values.length / mask.length;
    for (const [i, value] of values.entries()) {
      if (Number.isInteger(width) && mask[Math.floor(i / width)] === 0) continue;
      const one = Math.abs(value - ours[name][i]);
      if (!(one <= largest)) largest = one;
    }
  }
  return largest;
}

function flat(nested: Nested): number[] {
  return typeof nested === "number" ? [nested] : nested.flatMap(flat);
}

interface Case {
  readonly label: string;
  readonly head: Head;
  readonly folder: string;
  readonly resave: string;
  readonly batch: Lists;
  readonly ours: Result;
}

const chosen = process.argv.slice(2);
const root = await mkdtemp(join(tmpdir(), "attune-roundtrip-"));
try {
  const cases: Case[] = [];
  for (const [family, config] of Object.entries(families)) {
    if (chosen.length > 0 && !chosen.includes(family)) continue;
    for (const [name, head] of Object.entries(heads)) {
      const model = head.automodel.fromConfig({ model_type: family, ...config }, { seed: 1, ...head.options });
      for (const [i, parameter] of model.parameters().entries()) {
        const values = Float32Array.from(
          await parameter.data(),
          (value, at) => value + 0.1 * Math.sin(1 + at + 100 * i),
        );
        parameter.write_(values);
      }
      const folder = join(root, `${family}, ${name}`);
      await model.savePretrained(folder);
      const batch = batchOf(model, head);
      cases.push({
        label: `${family}, ${name}`,
        head,
        folder,
        resave: `${folder}, again`,
        batch,
        ours: await run(model, batch),
      });
    }
  }
  const request = cases.map(({ folder, head, batch, resave }) => ({ folder, auto: head.auto, inputs: batch, resave }));
  const peer = spawnSync(python, [script], {
    input: JSON.stringify({ cases: request }),
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (peer.status !== 0) throw new Error(`Python fails:\n${peer.stderr}`);
  const answer = JSON.parse(peer.stdout) as {
    name: string;
    cases: (Omit<Result, "outputs"> & { outputs: Record<string, Nested> })[];
  };
  console.log(`${answer.name}: ${cases.length} folders`);
  let failed = 0;
  for (const [i, { label, head, resave, batch, ours }] of cases.entries()) {
    const theirs = answer.cases[i];
    const outputs = Object.fromEntries(Object.entries(theirs.outputs).map(([name, values]) => [name, flat(values)]));
    const faults: string[] = [];
    const worst = [difference(ours.outputs, outputs, batch)];
    if (theirs.loss !== undefined) worst.push(Math.abs(theirs.loss - (ours.loss ?? Number.NaN)));
    for (const form of ["safetensors", "bin", "legacy"]) {
      const again = await run(await head.automodel.fromPretrained(join(resave, form)), batch);
      worst.push(difference(again.outputs, outputs, batch));
    }
    if (!worst.every((one) => one <= OUTPUT_TOLERANCE)) faults.push(`outputs differ by ${worst.join(", ")}`);
    if (ours.parameters.join() !== theirs.parameters.join()) {
      const at = ours.parameters.findIndex((name, n) => name !== theirs.parameters[n]);
      faults.push(`parameter ${at} is ${ours.parameters[at]} here and ${theirs.parameters[at]} there`);
    }
    const largest = Math.max(...(theirs.norms ?? [0]));
    const off = (theirs.norms ?? []).findIndex(
      (norm, n) => !(Math.abs(norm - (ours.norms?.[n] ?? 0)) <= NORM_TOLERANCE * largest),
    );
    if (off >= 0)
      faults.push(
        `the gradient of ${theirs.parameters[off]} has norm ${ours.norms?.[off]}, there ${theirs.norms?.[off]}`,
      );
    console.log(
      `${faults.length === 0 ? "same" : "DIFFERS"}  ${label}: ${Math.max(...worst).toExponential(1)}  ${faults.join("; ")}`,
    );
    if (faults.length > 0) failed++;
  }
  console.log(
    failed === 0 ? "All load in Python, and back, with the same outputs." : `${failed} of ${cases.length} differ.`,
  );
  if (failed > 0) process.exitCode = 1;
} finally {
  await rm(root, { recursive: true, force: true });
}
