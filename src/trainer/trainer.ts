// The Trainer: a user's own loop, written once. It stands on the Accelerator's calls and on nothing that a user's loop
// could not use; what it adds is bookkeeping: when to log, evaluate and save. (Python: transformers' trainer.py.)
import { join } from "node:path";
import { Accelerator } from "../accelerate/index.js";
import type { Batch } from "../batches/index.js";
import { type Collator, DataCollatorWithPadding, DataLoader, DefaultDataCollator } from "../batches/index.js";
import type { AnyRow, Dataset } from "../datasets/index.js";
import type { ShapedArray } from "../metrics/index.js";
import { type AdamW, getScheduler, type LambdaLR } from "../optim/index.js";
import { writeFileAtomic } from "../support/atomic.js";
import { ConfigError, DataError, DeviceError } from "../support/errors.js";
import { info } from "../support/log.js";
import { Progress } from "../support/progress.js";
import { currentBackend, fence, manualSeed, type Tensor } from "../tensor/index.js";
import type { PreTrainedTokenizer } from "../tokenizers/index.js";
import { TrainingArguments, type TrainingOptions } from "./arguments.js";
import { type CardInfo, modelCard } from "./card.js";
import {
  adoptLabelNames,
  hasUnknownLabels,
  type LabelConfig,
  labelColumnOf,
  usableColumns,
  withoutLabels,
} from "./columns.js";
import { type ComputeMetrics, type Evaluation, evaluateModel, nameMetrics } from "./evaluation.js";
import { showNumber } from "./fields.js";
import { Interrupt } from "./interrupt.js";
import type { PendingLosses } from "./losses.js";
import { countComputedParameters, countLabels, type TrainableModel } from "./model.js";
import { createAdamW, type Plan, planRun } from "./optimizer.js";
import { inGroups, Run } from "./run.js";
import { saveTogether, sortedJson } from "./save.js";
import { type LogRow, TrainerState } from "./state.js";

export interface TrainerOptions {
  readonly model: TrainableModel;
  readonly args?: TrainingArguments | TrainingOptions;
  /** Tokenized rows with labels. */
  readonly trainDataset?: Dataset<object>;
  readonly evalDataset?: Dataset<object>;
  /** Makes a batch of rows. Default: DataCollatorWithPadding where there is a processingClass, else DefaultDataCollator. */
  readonly dataCollator?: Collator<never, Batch>;
  /** The tokenizer, saved beside the model. */
  readonly processingClass?: PreTrainedTokenizer;
  readonly computeMetrics?: ComputeMetrics;
  /** For the model card. */
  readonly card?: CardInfo;
}

export interface TrainOptions {
  /**
   * Ends training after the current step, and saves. Without it Ctrl-C (and SIGTERM) do so while train() runs, and do at
   * once what they always did when they come a second time.
   */
  readonly signal?: AbortSignal;
}

export interface TrainOutput {
  readonly globalStep: number;
  /** Mean loss of all steps. */
  readonly trainingLoss: number;
  /** train_runtime, train_loss, ...: as in all_results.json. */
  readonly metrics: LogRow;
  /** What ended training before its last step, if something did: a signal's name, or "abort". */
  readonly interrupted?: string;
}

export interface PredictionOutput {
  /** [rows, ...] */
  readonly predictions: ShapedArray;
  /** Undefined where the dataset has no labels. */
  readonly labelIds?: ShapedArray;
  readonly metrics: Readonly<Record<string, number>>;
}

export class Trainer {
  readonly model: TrainableModel;
  readonly args: TrainingArguments;
  readonly accelerator = new Accelerator();
  /** Where the run stands; its logHistory holds everything logged. */
  state = new TrainerState();
  readonly #trainDataset: Dataset<object> | undefined;
  readonly #evalDataset: Dataset<object> | undefined;
  readonly #collator: Collator<AnyRow, Batch>;
  readonly #tokenizer: PreTrainedTokenizer | undefined;
  readonly #computeMetrics: ComputeMetrics | undefined;
  readonly #card: CardInfo;
  /** What all_results.json holds. */
  readonly #results: Record<string, number> = {};

  /**
   * @throws ConfigError for arguments that are wrong or contradict each other, before anything is computed; DataError
   *   where a dataset lacks a column.
   */
  constructor(options: TrainerOptions) {
    const { model, args = {}, dataCollator, processingClass } = options;
    this.model = model;
    this.args = args instanceof TrainingArguments ? args : new TrainingArguments(args);
    this.#trainDataset = options.trainDataset;
    this.#evalDataset = options.evalDataset;
    this.#tokenizer = processingClass;
    this.#computeMetrics = options.computeMetrics;
    this.#card = options.card ?? {};
    const standard = processingClass ? new DataCollatorWithPadding(processingClass) : new DefaultDataCollator();
    this.#collator = (dataCollator as Collator<AnyRow, Batch> | undefined) ?? standard;
    if (this.args.evalStrategy !== "no" && !this.#evalDataset) {
      throw new ConfigError(`Trainer: evalStrategy is "${this.args.evalStrategy}", but there is no evalDataset`);
    }
    if (this.args.saveStrategy !== "no" && typeof model.savePretrained !== "function") {
      throw new ConfigError('Trainer: the model has no savePretrained(folder); give it one, or set saveStrategy: "no"');
    }
    if (this.#trainDataset) this.#adoptLabelNames(this.#trainDataset, "trainDataset");
    if (this.#evalDataset) this.#adoptLabelNames(this.#evalDataset, "evalDataset");
  }

  /**
   * Trains the model in place, and writes it to outputDir unless saveStrategy is "no".
   * @throws DeviceError, naming the step, where the loss or a gradient is not finite.
   * @throws AttuneError where the folder cannot be written; nothing half-written stays.
   */
  async train(options: TrainOptions = {}): Promise<TrainOutput> {
    const { args, accelerator, model } = this;
    manualSeed(args.seed);
    const trainLoader = this.getTrainDataLoader();
    const plan = planRun(args, trainLoader.length);
    const adamw = this.createOptimizer();
    const schedule = this.createScheduler(adamw, plan);
    const [, optimizer, loader, scheduler] = accelerator.prepare(model, adamw, trainLoader, schedule);
    const parameters = model.parameters();

    this.#beginRun(plan);
    using interrupt = options.signal ? undefined : new Interrupt();
    const interrupted = () => (options.signal?.aborted ? "abort" : interrupt?.received);
    const run = new Run(this.state, plan, {
      computedParameters: countComputedParameters(model),
      silent: args.disableTqdm,
    });
    using _progress = run.progress;
    const done = () => this.state.globalStep >= plan.maxSteps || interrupted() !== undefined;

    try {
      model.train();
      for (let epoch = 0; epoch < plan.epochs && !done(); epoch++) {
        for await (const batches of inGroups(loader, args.gradientAccumulationSteps)) {
          const losses = this.#accumulateGradients(batches);
          const gradNorm = args.maxGradNorm > 0 ? accelerator.clipGradNorm(parameters, args.maxGradNorm) : undefined;
          const learningRate = scheduler.getLastLr()[0];
          optimizer.step();
          scheduler.step();
          optimizer.zeroGrad();
          await run.endStep({ batches, losses, gradNorm, learningRate });
          await this.#logEvaluateSave(run, "step", interrupted);
          if (done()) break;
        }
        if (!interrupted()) await this.#logEvaluateSave(run, "epoch", interrupted);
      }
      return await this.#finish(run, interrupted());
    } catch (error) {
      throw error instanceof DeviceError ? await stopped(error) : error;
    }
  }

  /**
   * The model's loss and metrics on a dataset, logged; keys begin with `eval_`.
   * @param options.metricKeyPrefix What keys begin with instead of "eval".
   */
  async evaluate(
    dataset: Dataset<object> | undefined = this.#evalDataset,
    options: { readonly metricKeyPrefix?: string } = {},
  ): Promise<Record<string, number>> {
    if (!dataset) throw new ConfigError("Trainer.evaluate: there is no evalDataset; pass a dataset");
    const prefix = options.metricKeyPrefix ?? "eval";
    const { metrics } = await this.#evaluateOn(dataset, { prefix, labelsNeeded: true });
    this.#logResults(metrics);
    return metrics;
  }

  /** The model's outputs for every row; with labels also loss and metrics, under keys that begin with `test_`. */
  async predict(
    dataset: Dataset<object>,
    options: { readonly metricKeyPrefix?: string } = {},
  ): Promise<PredictionOutput> {
    const prefix = options.metricKeyPrefix ?? "test";
    const { metrics, evaluation } = await this.#evaluateOn(dataset, {
      prefix,
      labelsNeeded: false,
      keepPredictions: true,
    });
    if (!evaluation.predictions) throw new DataError("Trainer.predict: the dataset has no rows");
    return { predictions: evaluation.predictions, labelIds: evaluation.labelIds, metrics };
  }

  /**
   * Writes the model, its tokenizer and the arguments into `folder`. Its files appear together or not at all.
   * @throws AttuneError naming the folder and the cause.
   */
  async saveModel(folder: string = this.args.outputDir): Promise<void> {
    await saveTogether(folder, (stage) => this.#writeModel(stage));
  }

  /** AdamW by the arguments; replaced by overriding it. */
  createOptimizer(): AdamW {
    return createAdamW(this.model, this.args);
  }

  /** The learning-rate schedule by the arguments. */
  createScheduler(optimizer: AdamW, plan: Plan): LambdaLR {
    return getScheduler(this.args.lrSchedulerType, optimizer, {
      numWarmupSteps: plan.warmupSteps,
      numTrainingSteps: plan.maxSteps,
    });
  }

  /** Batches of the training rows, in the order that Python's Trainer has for the seed. */
  getTrainDataLoader(): DataLoader<AnyRow, Batch> {
    const { args } = this;
    if (!this.#trainDataset) throw new ConfigError("Trainer.train: there is no trainDataset");
    const dataset = this.#usable(this.#trainDataset, "trainDataset", true);
    if (dataset.length === 0) throw new DataError("Trainer.train: trainDataset has no rows");
    return new DataLoader(dataset, {
      batchSize: args.perDeviceTrainBatchSize,
      shuffle: true,
      seed: args.dataSeed ?? args.seed,
      collator: this.#collator,
    });
  }

  /** Batches of a dataset, in its order. */
  getEvalDataLoader(dataset: Dataset<object>, options: { readonly labelsNeeded: boolean }): DataLoader<AnyRow, Batch> {
    return new DataLoader(this.#usable(dataset, "the evaluation dataset", options.labelsNeeded), {
      batchSize: this.args.perDeviceEvalBatchSize,
      collator: this.#collator,
    });
  }

  /** The loss of a batch, a scalar: the mean over its labels. Replaced by overriding it. */
  computeLoss(model: TrainableModel, batch: Batch): Tensor {
    return model.forward(batch).loss;
  }

  /** Adds up the gradients of the batches of one step, each by its share of the labels, as if they were one batch. */
  #accumulateGradients(batches: readonly Batch[]): PendingLosses {
    const { accelerator, model } = this;
    currentBackend().setStep(this.state.globalStep + 1); // the step that errors of the device name
    const counts = batches.map(countLabels);
    const total = counts.reduce((sum, count) => sum + count, 0);
    return batches.map((batch, i) => {
      const weight = total > 0 ? counts[i] / total : 1 / batches.length;
      const loss = this.computeLoss(model, batch);
      const read = loss.item();
      read.catch(() => undefined); // whoever settles the step hears of it
      const backward = () => accelerator.backward(loss, { weight });
      if (i === batches.length - 1) backward();
      else accelerator.noSync(model, backward);
      return { loss: read, weight };
    });
  }

  /** What is due at the end of a step or of an epoch, in Python's order. */
  async #logEvaluateSave(run: Run, at: "step" | "epoch", interrupted: () => string | undefined): Promise<void> {
    const { args } = this;
    const { plan } = run;
    const step = this.state.globalStep;
    const last = step >= plan.maxSteps;
    const due = (strategy: "no" | "epoch" | "steps", every: number) =>
      at === "epoch" ? strategy === "epoch" : strategy === "steps" && step % every === 0;
    const first = at === "step" && step === 1 && args.loggingFirstStep;
    if (due(args.loggingStrategy, plan.loggingSteps) || first) await this.#logTraining(run);
    const evaluates =
      due(args.evalStrategy, plan.evalSteps) || (at === "step" && last && args.evalStrategy === "steps");
    const dataset = this.#evalDataset;
    if (evaluates && dataset) {
      await run.settle(); // a loss that is not finite is said as such, before the evaluation stumbles over it
      const options = { prefix: "eval", labelsNeeded: true, stop: () => interrupted() !== undefined };
      const { metrics, evaluation } = await run.pause(() => this.#evaluateOn(dataset, options));
      if (!evaluation.incomplete) this.#logResults(metrics);
      this.model.train();
    }
    if (due(args.saveStrategy, plan.saveSteps) && !last && !interrupted()) {
      await run.settle();
      await this.#saveRun();
    }
  }

  async #logTraining(run: Run): Promise<void> {
    const row = await run.closeWindow();
    if (row) this.#log(row);
  }

  /** Logs figures that all_results.json holds, too. */
  #logResults(row: LogRow): void {
    Object.assign(this.#results, row);
    if (this.state.maxSteps > 0) this.#results.epoch = this.state.epoch;
    this.#log(row);
  }

  /** Adds a row to the log, with the epoch and step, and prints it. */
  #log(row: LogRow): void {
    const { epoch, globalStep: step, maxSteps } = this.state;
    const place = maxSteps > 0 ? { epoch, step } : undefined; // none where nothing was trained
    this.state.logHistory.push({ ...row, ...place });
    const figures = Object.entries(row)
      .filter(([key]) => !/_per_second$|^total_flos$/.test(key))
      .map(([key, value]) => `${key} ${showNumber(value)}`);
    info([...(place ? [`epoch ${epoch.toFixed(2)}`, `step ${step}`] : []), ...figures].join("  "));
  }

  #beginRun(plan: Plan): void {
    const { args } = this;
    this.state = new TrainerState();
    Object.assign(this.state, {
      maxSteps: plan.maxSteps,
      numTrainEpochs: plan.epochs,
      loggingSteps: plan.loggingSteps,
      evalSteps: plan.evalSteps,
      saveSteps: plan.saveSteps,
      trainBatchSize: args.perDeviceTrainBatchSize,
    });
  }

  /** Logs what is left of the last window and the whole run, and saves. */
  async #finish(run: Run, interrupted: string | undefined): Promise<TrainOutput> {
    await run.settle();
    if (this.args.loggingStrategy !== "no") await this.#logTraining(run);
    const { globalStep } = this.state;
    const trainingLoss = run.losses.mean;
    const metrics = run.summary();
    run.progress.end();
    this.#logResults(metrics);
    if (this.args.saveStrategy !== "no") {
      await this.#saveRun();
      info(`saved to ${this.args.outputDir}`);
    }
    return { globalStep, trainingLoss, metrics, interrupted };
  }

  async #saveRun(): Promise<void> {
    await saveTogether(this.args.outputDir, async (stage) => {
      await this.#writeModel(stage);
      await this.#writeReport(stage);
    });
  }

  async #writeModel(folder: string): Promise<void> {
    const { model } = this;
    if (!model.savePretrained) throw new ConfigError("Trainer: the model has no savePretrained(folder)");
    await this.accelerator.unwrapModel(model).savePretrained?.(folder);
    await this.#tokenizer?.savePretrained(folder);
    await writeFileAtomic(join(folder, "training_args.json"), sortedJson(this.args.toJSON(), 2));
  }

  async #writeReport(folder: string): Promise<void> {
    const { args, state } = this;
    const card = modelCard({
      ...this.#card,
      name: args.outputDir.split(/[\\/]/).at(-1) || "model",
      args,
      log: state.logHistory,
    });
    await writeFileAtomic(join(folder, "trainer_state.json"), sortedJson(state.toJSON(), 2));
    await writeFileAtomic(join(folder, "all_results.json"), sortedJson(this.#results, 4));
    await writeFileAtomic(join(folder, "README.md"), card);
  }

  async #evaluateOn(
    dataset: Dataset<object>,
    options: { prefix: string; labelsNeeded: boolean; keepPredictions?: boolean; stop?: () => boolean },
  ): Promise<{ metrics: Record<string, number>; evaluation: Evaluation }> {
    const { prefix, keepPredictions = false, stop = () => false } = options;
    const started = performance.now();
    const labelled = this.#checkLabels(dataset, options.labelsNeeded);
    const rows = labelled ? dataset : withoutLabels(dataset);
    const loader = this.getEvalDataLoader(rows, options);
    using progress = new Progress({
      description: prefix,
      total: loader.length,
      unit: "batches",
      leave: false,
      mode: this.args.disableTqdm ? "silent" : "auto",
    });
    const { model } = this;
    const computeMetrics = this.#computeMetrics;
    model.eval();
    const evaluation = await evaluateModel({
      model,
      loader,
      computeMetrics,
      keepPredictions,
      labelled,
      progress,
      stop,
    });
    return { metrics: nameMetrics(evaluation, prefix, (performance.now() - started) / 1000), evaluation };
  }

  /** Whether the labels of a dataset can be used. Throws DataError where they are needed and unknown. */
  #checkLabels(dataset: Dataset<object>, needed: boolean): boolean {
    if (labelColumnOf(dataset) === undefined) return false;
    this.#adoptLabelNames(dataset, "the evaluation dataset");
    if (!hasUnknownLabels(dataset)) return true;
    if (needed)
      throw new DataError(
        "the labels of the evaluation dataset are kept back (-1, as in GLUE's test splits): evaluate on a split that has them",
      );
    info("the labels of the dataset are kept back (-1): predicting without loss and metrics");
    return false;
  }

  #adoptLabelNames(dataset: Dataset<object>, role: string): void {
    const { config } = this.model;
    if (config?.id2label && config.label2id) adoptLabelNames(config as LabelConfig, dataset, role);
  }

  #usable(dataset: Dataset<object>, role: string, labelsNeeded: boolean): Dataset {
    return usableColumns(dataset, {
      role,
      inputNames: this.model.inputNames,
      labelsNeeded,
      removeUnused: this.args.removeUnusedColumns,
    });
  }
}

/** The error of a run that a kernel ended; takes in what the steps enqueued after it may have to say, too. */
async function stopped(error: DeviceError): Promise<DeviceError> {
  await fence()
    .wait()
    .catch(() => undefined);
  return new DeviceError(
    `Training stopped: ${error.message}. Nothing was saved since. A lower learningRate or some warmupSteps often help; ` +
      "look for empty or broken rows, too",
    { cause: error },
  );
}
