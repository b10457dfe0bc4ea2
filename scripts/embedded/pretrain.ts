// Pretrains the embedded BERT with Attune's own engine: masked language modelling over the grammar's unlabelled text.
import { DataLoader } from "../../src/batches/index.js";
import { AutoModelForMaskedLM, type MaskedLMModel } from "../../src/models/index.js";
import { AdamW, clipGradNorm, getScheduler } from "../../src/optim/index.js";
import { Progress } from "../../src/support/progress.js";
import { createBertTokenizer, type PreTrainedTokenizer, trainWordPiece } from "../../src/tokenizers/index.js";
import type { Document } from "./corpus.js";
import { MaskingCollator } from "./masking.js";
import { Random } from "./random.js";

/** The model: small enough to travel with the package. */
const CONFIG = {
  model_type: "bert",
  hidden_size: 96,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  intermediate_size: 384,
  max_position_embeddings: 64,
  // BERT's 0.02 suits its 768 dimensions; 1 / sqrt(hidden_size) is what keeps attention awake in 96
  initializer_range: 0.1,
} as const;

/** Room for every word of the lexicon and the pieces that other words are spelled with. */
const VOCABULARY_SIZE = 1000;

/** How many documents show the tokenizer, and the masking, what the text is like. */
const GLANCE = 20_000;

const RECIPE = {
  seed: 7,
  batchSize: 32,
  learningRate: 1.5e-3,
  warmupSteps: 200,
  masking: { asked: 0.35, masked: 0.1, replaced: 0.6 },
} as const;

/** BERT's tokenizer over a WordPiece vocabulary of the documents' words. */
export function trainTokenizer(documents: readonly Document[]): PreTrainedTokenizer {
  const vocabulary = trainWordPiece(documents.slice(0, GLANCE).flat(), { vocabSize: VOCABULARY_SIZE });
  return createBertTokenizer(vocabulary, { modelMaxLength: CONFIG.max_position_embeddings });
}

/** A model after one pass over `documents`. */
export async function pretrain(documents: readonly Document[], tokenizer: PreTrainedTokenizer): Promise<MaskedLMModel> {
  const { seed, batchSize, learningRate, warmupSteps, masking } = RECIPE;
  const collator = new MaskingCollator(tokenizer, documents.slice(0, GLANCE), masking, new Random(seed));
  const loader = new DataLoader(documents, { batchSize, dropLast: true, collator });
  const steps = loader.length;

  // fromConfig leaves the model in evaluation mode, and so it stays: no document comes twice, dropout would only slow it
  const model = AutoModelForMaskedLM.fromConfig({ ...CONFIG, vocab_size: tokenizer.length }, { seed });
  const optimizer = new AdamW(model.parameters(), { lr: learningRate, betas: [0.9, 0.98] });
  const schedule = getScheduler("warmup_stable_decay", optimizer, {
    numWarmupSteps: Math.min(warmupSteps, Math.floor(steps / 10)),
    numDecaySteps: Math.floor(steps / 2),
    numTrainingSteps: steps,
  });

  using progress = new Progress({ description: "pretrain", total: steps });
  for await (const batch of loader) {
    const { loss } = model.forward(batch);
    if (!loss) throw new Error("MaskingCollator made a batch without labels");
    loss.backward();
    clipGradNorm(model.parameters(), 1);
    optimizer.step();
    schedule.step();
    optimizer.zeroGrad();
    progress.advance(1, (progress.completed + 1) % 50 === 0 ? { loss: await loss.item() } : {});
    loss.dispose();
  }
  return model;
}
