// The Trainer: a user's own loop, written once. It stands on the Accelerator's calls and on nothing that a user's loop
// could not use; what it adds is bookkeeping: when to log, evaluate and save, which callbacks decide, and going on where a
// run was stopped. Here is the loop; what it measures with, leaves in folders and goes on from has files of its own.
// (Python: transformers' trainer.py.)
import { basename, resolve } from "node:path";
import { Accelerator } from "../accelerate/index.js";
import {
  type Batch,
  DataCollatorWithPadding,
  type DataLoader,
  type DataLoaderState,
  DefaultDataCollator,
} from "../batches/index.js";
import type { AnyRow, Dataset } from "../datasets/index.js";
import type { Published, PublishOptions } from "../hub/index.js";
import { enterStep } from "../optim/step.js";
import { ConfigError, DataError, DeviceError } from "../support/errors.js";
import { info, warn } from "../support/log.js";
import { currentBackend, manualSeed, type Tensor } from "../tensor/index.js";
import { TrainingArguments } from "./arguments.js";
import { noteEvaluation } from "./best.js";
import {
  type CallbackContext,
  type CallbackEvent,
  type CallbackEvents,
  CallbackHandler,
  type CallbackOrClass,
  DefaultFlowCallback,
  PrinterCallback,
  ProgressCallback,
  RunLogCallback,
  reporters,
  type TrainerCallback,
  TrainerControl,
} from "./callbacks/index.js";
import { bestCheckpoint, loadModelWeights, prepareRunFolder, resolveCheckpoint } from "./checkpoints/index.js";
import { namedDatasets, type TrainerCollator, TrainerData } from "./data.js";
import { Evaluator } from "./evaluator.js";
import { Interrupt } from "./interrupt.js";
import { lossOf } from "./loss.js";
import { readLosses, type WeightedLoss, weightedSum } from "./losses.js";
import { countComputedParameters, countLabels, type TrainableModel } from "./model.js";
import { describeRows, nonFinite, refuseManyLeftOut, stepOf, stopped } from "./non-finite.js";
import {
  createAdamW,
  createSchedule,
  type Plan,
  planRun,
  type TrainerOptimizer,
  type TrainerSchedule,
} from "./optimizer.js";
import type { EvalDatasets, PredictionOutput, TrainerOptions, TrainOptions, TrainOutput } from "./options.js";
import { publisherOf, RunPublisher } from "./publish.js";
import { countStep, inGroups, Run, type StepCounts } from "./run.js";
import { RunFolder } from "./run-folder.js";
import { writeResults } from "./save.js";
import { Session } from "./session.js";
import { type LogRow, TrainerState } from "./state.js";

export class Trainer {
  readonly model: TrainableModel;
  readonly args: TrainingArguments;
  readonly accelerator: Accelerator;
  /** Where the run stands; its logHistory holds everything logged. */
  state = new TrainerState();
  /** What callbacks have asked for. */
  readonly control = new TrainerControl();
  readonly #options: TrainerOptions;
  readonly #callbacks = new CallbackHandler();
  readonly #data: TrainerData;
  readonly #evaluator: Evaluator;
  readonly #folder: RunFolder;
  readonly #publisher: RunPublisher | undefined;
  #session: Session | undefined;
  /** What one of several processes was asked to end by. */
  #agreedEnd: string | undefined;

  /**
   * @throws ConfigError for arguments that are wrong or contradict each other, before anything is computed; DataError
   *   where a dataset lacks a column.
   */
  constructor(options: TrainerOptions) {
    const { model, args = {}, dataCollator, processingClass, trainDataset } = options;
    this.#options = options;
    this.model = model;
    this.args = args instanceof TrainingArguments ? args : new TrainingArguments(args);
    this.accelerator = new Accelerator({ mixedPrecision: this.args.bf16 ? "bf16" : "no", scheduleSteps: 1 });
    this.#publisher = this.accelerator.isMainProcess ? publisherOf(this.args) : undefined;
    const { evalStrategy, saveStrategy } = this.args;
    if (evalStrategy !== "no" && !options.evalDataset) {
      throw new ConfigError(`Trainer: evalStrategy is "${evalStrategy}", but there is no evalDataset`);
    }
    if (saveStrategy !== "no" && typeof model.savePretrained !== "function") {
      throw new ConfigError('Trainer: the model has no savePretrained(folder); give it one, or set saveStrategy: "no"');
    }
    if (this.args.activationCheckpointing) {
      if (!model.activationCheckpointingEnable) {
        throw new ConfigError("Trainer: activationCheckpointing asks the model for activationCheckpointingEnable()");
      }
      model.activationCheckpointingEnable();
    }
    if (options.trainSampler) {
      const { trainSamplingStrategy, maxTokensPerBatch } = this.args;
      const other =
        trainSamplingStrategy === "random" ? maxTokensPerBatch && "maxTokensPerBatch" : "trainSamplingStrategy";
      if (other) throw new ConfigError(`Trainer: a trainSampler has the order of rows: leave out ${other}`);
    }
    const standard = processingClass ? new DataCollatorWithPadding(processingClass) : new DefaultDataCollator();
    this.#data = new TrainerData(model, this.args, (dataCollator as TrainerCollator | undefined) ?? standard);
    if (trainDataset) this.#data.matchLabelNames(trainDataset, "trainDataset");
    for (const [, dataset] of namedDatasets(options.evalDataset)) this.#data.matchLabelNames(dataset, "evalDataset");
    this.#evaluator = new Evaluator({
      model,
      accelerator: this.accelerator,
      args: this.args,
      data: this.#data,
      loaderOf: (dataset, wanted) => this.getEvalDataLoader(dataset, wanted),
      computeMetrics: options.computeMetrics,
      preprocessLogits: options.preprocessLogitsForMetrics,
      tokenizer: processingClass,
      place: () => ({ step: this.state.globalStep, epoch: this.state.epoch }),
      onBatch: (evalDataLoader) => this.#tell("onPredictionStep", { evalDataLoader }),
    });
    this.#folder = new RunFolder({
      model: this.accelerator.unwrapModel(model),
      args: this.args,
      options,
      progress: () => ({ state: this.state, callbacks: this.#callbackStates() }),
    });
    this.addCallback(DefaultFlowCallback);
    if (this.accelerator.isMainProcess) {
      this.addCallback(this.args.disableTqdm ? PrinterCallback : ProgressCallback);
      for (const callback of reporters(this.args)) this.addCallback(callback);
    }
    for (const callback of options.callbacks ?? []) this.addCallback(callback);
    this.#callbacks.callNow("onInitEnd", this.#context());
  }

  /**
   * Trains the model in place. Unless saveStrategy is "no", checkpoints go to outputDir/checkpoint-<step>, and the model
   * as it is at the end to outputDir.
   * @throws DeviceError, naming step and rows, where the loss or a gradient is not finite.
   * @throws ConfigError, FileFormatError where the checkpoint to go on from is missing, not whole or of another setting.
   * @throws AttuneError where the folder cannot be written; nothing half-written stays. HubError where pushToHub is asked
   *   for and the repository cannot be made, before anything is computed.
   */
  async train(options: TrainOptions = {}): Promise<TrainOutput> {
    const { args, control, accelerator } = this;
    const checkpoint = await this.#checkpointOf(options);
    await accelerator.runOnMain("the start of publishing", async () => this.#publisher?.begin());
    manualSeed(args.seed, accelerator.processIndex);
    using interrupt = options.signal ? undefined : new Interrupt();
    const session = this.#prepare(() => (options.signal?.aborted ? "abort" : interrupt?.received));
    const { run, loader, interrupted } = session;
    this.#session = session;
    try {
      if (args.saveStrategy !== "no") {
        const startsAnew = checkpoint === undefined;
        await accelerator.runOnMain("the run's folder", () => prepareRunFolder(args.outputDir, { startsAnew }));
      }
      if (checkpoint !== undefined) await this.#resume(session, checkpoint, options.freshOptimizer === true);
      if (args.evalStrategy !== "no") await this.#evaluator.tryOut(this.#options.evalDataset);
      if (args.saveStrategy !== "no") {
        await accelerator.runOnMain("the manifest", () => this.#folder.writeManifest(run.plan, this.state.globalStep));
      }
      control.shouldTrainingStop = this.state.globalStep >= run.plan.maxSteps;
      await this.#tell("onTrainBegin");
      if (args.evalOnStart && this.state.globalStep === 0) await this.#evaluateInTraining(session);
      const done = () => control.shouldTrainingStop || interrupted() !== undefined;

      this.model.train();
      if (session.epochIsLeftOpen) await this.#endEpoch(session);
      while (loader.epoch < run.plan.epochs && !done()) {
        let began = session.place;
        control.shouldEpochStop = false;
        await this.#tell("onEpochBegin");
        const first = this.state.globalStep;
        for await (const batches of inGroups(loader, args.gradientAccumulationSteps)) {
          await this.#step(session, batches, began);
          began = loader.stateDict();
          if (control.shouldEpochStop || done()) break;
        }
        if (this.state.globalStep === first && !done())
          throw new DataError("Trainer.train: an epoch of trainDataset has no rows");
        if (interrupted() === undefined) await this.#endEpoch(session);
      }
      return await this.#finish(session);
    } catch (cause) {
      const error = await this.#explain(cause, session);
      await this.#callbacks.call("onTrainError", { ...this.#context(), error });
      throw error;
    } finally {
      this.#session = undefined;
      this.#callbacks.release();
    }
  }

  /**
   * The model's loss and metrics on a dataset, or on several by their names, logged; keys begin with `eval_`.
   * @param options.metricKeyPrefix What keys begin with instead of "eval".
   */
  async evaluate(
    dataset: EvalDatasets | undefined = this.#options.evalDataset,
    options: { readonly metricKeyPrefix?: string } = {},
  ): Promise<Record<string, number>> {
    if (!dataset) throw new ConfigError("Trainer.evaluate: there is no evalDataset; pass a dataset");
    const metrics = await this.#measure(dataset, options.metricKeyPrefix ?? "eval");
    return metrics ?? {};
  }

  /** The model's outputs for every row; with labels also loss and metrics, under keys that begin with `test_`. */
  async predict(
    dataset: Dataset<object>,
    options: { readonly metricKeyPrefix?: string } = {},
  ): Promise<PredictionOutput> {
    const prefix = options.metricKeyPrefix ?? "test";
    this.accelerator.prepare(this.model);
    const { metrics, evaluation } = await this.#evaluator.measure(dataset, { prefix, keepPredictions: true });
    await this.#tell("onPredict", { metrics });
    if (!evaluation.kept) throw new DataError("Trainer.predict: the dataset has no rows");
    const { predictions, outputs, labels, labelIds } = evaluation.kept;
    return { predictions, outputs, labelIds: Object.keys(labels).length > 0 ? labelIds : undefined, metrics };
  }

  /** Adds a callback, or makes one of a class. @throws ConfigError where it hears no event */
  addCallback(callback: CallbackOrClass): void {
    this.#callbacks.add(callback);
  }

  /** Takes a callback out, itself or the first of a class, and gives it back. */
  popCallback(callback: CallbackOrClass): TrainerCallback | undefined {
    return this.#callbacks.pop(callback);
  }

  /** Takes a callback out, itself or the first of a class. */
  removeCallback(callback: CallbackOrClass): void {
    this.#callbacks.pop(callback);
  }

  /**
   * Writes the model, its tokenizer and the arguments into `folder`. Its files appear together or not at all.
   * @throws AttuneError naming the folder and the cause.
   */
  async saveModel(folder: string = this.args.outputDir): Promise<void> {
    await this.accelerator.runOnMain("saveModel", () => this.#folder.saveModel(folder));
  }

  /**
   * Saves the model and its card to outputDir and publishes that folder on the Hub: `owner/name`, or `name` of the account
   * that is logged in. Default: hubModelId, else outputDir's name. Checkpoints stay here.
   * @throws HubError where the Hub does not take it: outputDir holds all of it, and the message says how to try again.
   */
  async pushToHub(repoId?: string, options: PublishOptions = {}): Promise<Published> {
    const { hubModelId, hubPrivateRepo, outputDir } = this.args;
    const id = repoId ?? hubModelId ?? basename(resolve(outputDir));
    await this.accelerator.runOnMain("saveRun", () => this.#folder.saveRun());
    await this.#tell("onPushBegin");
    return this.accelerator.runOnMain("pushToHub", () => {
      const publisher = new RunPublisher(id, "end", { private: hubPrivateRepo, ...options });
      return publisher.finish(outputDir, "Upload from the Trainer");
    });
  }

  /** Writes trainer_state.json, all_results.json and the model card into outputDir. */
  async saveState(): Promise<void> {
    await this.accelerator.runOnMain("saveState", () => this.#folder.saveState());
  }

  /** Adds figures to the log and to all_results.json, with the epoch and step. */
  async log(row: LogRow): Promise<void> {
    const { epoch, globalStep: step, maxSteps } = this.state;
    const place = maxSteps > 0 ? { epoch, step } : undefined; // none where nothing was trained
    this.state.logHistory.push({ ...row, ...place });
    this.control.shouldLog = false;
    await this.#tell("onLog", { logs: row });
  }

  /** Writes `<split>_results.json` into outputDir, and joins the figures to all_results.json there unless `combined` is false. */
  async saveMetrics(split: string, metrics: LogRow, { combined = true }: { combined?: boolean } = {}): Promise<void> {
    const { outputDir } = this.args;
    await this.accelerator.runOnMain("saveMetrics", () => writeResults(outputDir, split, metrics, combined));
  }

  /** AdamW by the arguments, or the optimizer that was given; replaced by overriding it. */
  createOptimizer(): TrainerOptimizer {
    return this.#options.optimizers?.[0] ?? createAdamW(this.model, this.args);
  }

  /** The learning-rate schedule by the arguments, or the one that was given. */
  createScheduler(optimizer: TrainerOptimizer, plan: Plan): TrainerSchedule {
    return this.#options.optimizers?.[1] ?? createSchedule(optimizer, this.args, plan);
  }

  /** Batches of the training rows, in the order that Python's Trainer has for the seed. */
  getTrainDataLoader(): DataLoader<AnyRow, Batch> {
    const { trainDataset, trainSampler } = this.#options;
    if (!trainDataset) throw new ConfigError("Trainer.train: there is no trainDataset");
    return this.#data.trainLoader(trainDataset, trainSampler);
  }

  /** Batches of a dataset, in its order. */
  getEvalDataLoader(dataset: Dataset<object>, options: { readonly labelsNeeded: boolean }): DataLoader<AnyRow, Batch> {
    return this.#data.evalLoader(dataset, options.labelsNeeded);
  }

  /** The loss of a batch, a scalar: the mean over its labels. Replaced by overriding it, or by the option of that name. */
  computeLoss(model: TrainableModel, batch: Batch): Tensor {
    return lossOf(model, batch, { smoothing: this.args.labelSmoothingFactor, compute: this.#options.computeLoss });
  }

  /** All that one call of train() works with, prepared by the accelerator. */
  #prepare(interrupted: Session["interrupted"]): Session {
    const { args, accelerator, model } = this;
    const [trainDataLoader] = accelerator.prepare(this.getTrainDataLoader());
    if (trainDataLoader.length === Infinity && args.maxSteps <= 0) {
      throw new ConfigError("Trainer.train: the length of a streamed trainDataset is not known: set maxSteps");
    }
    const plan = planRun(args, trainDataLoader.length);
    if (plan.batchesPerEpoch === 0) {
      throw new DataError(
        `Trainer.train: trainDataset has fewer rows than a batch of ${args.perDeviceTrainBatchSize}, and dataloaderDropLast leaves it out`,
      );
    }
    const given = this.createOptimizer();
    const schedule = this.createScheduler(given, plan);
    const [, optimizer, lrScheduler] = accelerator.prepare(model, given, schedule);
    const loader = trainDataLoader;
    this.state = new TrainerState();
    this.#followPlan(plan);
    const run = new Run(this.state, plan, countComputedParameters(model));
    const rows = this.#options.trainDataset?.length ?? 0;
    const processes = accelerator.numProcesses;
    const parts = { args, model, control: this.control, run, optimizer, lrScheduler, loader, rows, processes };
    // One of several processes may be asked to end: all do, once they have told each other.
    return new Session({
      ...parts,
      interrupted: processes === 1 ? interrupted : () => this.#agreedEnd,
      ownInterrupt: interrupted,
    });
  }

  #followPlan({ maxSteps, epochs, loggingSteps, evalSteps, saveSteps }: Plan): void {
    const trainBatchSize = this.args.perDeviceTrainBatchSize;
    Object.assign(this.state, { maxSteps, numTrainEpochs: epochs, loggingSteps, evalSteps, saveSteps, trainBatchSize });
  }

  /** What ended training, with the rows of its step where the device found a number that is not finite. */
  async #explain(cause: unknown, { run, loader }: Session): Promise<Error> {
    if (!(cause instanceof DeviceError)) return cause instanceof Error ? cause : new Error(String(cause), { cause });
    const step = stepOf(cause);
    return stopped(cause, describeRows(loader, step === undefined ? undefined : run.batchesOf(step)));
  }

  /** One optimizer step, and what is due after it. */
  async #step(session: Session, batches: readonly Batch[], began: DataLoaderState): Promise<void> {
    const { args, accelerator, control } = this;
    const { run, optimizer, lrScheduler, loader, parameters } = session;
    Object.assign(control, { shouldLog: false, shouldEvaluate: false, shouldSave: false });
    enterStep(currentBackend(), this.state.globalStep + 1); // which errors of the device name
    run.beginStep(began, batches.length);
    await this.#tell("onStepBegin");
    const shared = await this.#tellOthers(session, batches);
    const losses = await this.#accumulateGradients(batches, shared.labels);
    // Without clipping, too: a gradient that is not finite is said before it reaches the weights.
    const gradNorm = accelerator.clipGradNorm(parameters, args.maxGradNorm > 0 ? args.maxGradNorm : Infinity);
    const bad = args.skipNonFinite ? await nonFinite(losses, gradNorm) : undefined;
    if (bad) {
      warn(
        `step ${this.state.globalStep + 1} left out: ${bad}${describeRows(loader, { began, batches: batches.length })}`,
      );
    } else {
      await this.#tell("onPreOptimizerStep");
      optimizer.step();
      await this.#tell("onOptimizerStep");
    }
    const [learningRate] = lrScheduler.getLastLr();
    lrScheduler.step();
    optimizer.zeroGrad();
    await run.endStep({
      batches,
      losses: bad ? [] : readLosses(losses),
      gradNorm: bad ? undefined : gradNorm,
      learningRate,
      began,
      counts: shared,
    });
    refuseManyLeftOut(run.leftOutInARow);
    session.after = "step";
    await this.#tell("onStepEnd");
    await this.#logEvaluateSave(session);
  }

  async #endEpoch(session: Session): Promise<void> {
    session.after = "epoch";
    await this.#tell("onEpochEnd");
    await this.#logEvaluateSave(session);
  }

  /** What the batches of a step hold in all processes; and whether one of them was asked to end. */
  async #tellOthers({ ownInterrupt }: Session, batches: readonly Batch[]): Promise<StepCounts & { labels: number }> {
    const { accelerator, model } = this;
    const real = batches.filter((batch) => !accelerator.isFiller(batch));
    const labels = real.reduce((sum, batch) => sum + countLabels(batch, model), 0);
    const own = { ...countStep(real), labels };
    if (accelerator.numProcesses === 1) return own;
    const all = await accelerator.gatherObject({ ...own, interrupt: ownInterrupt() ?? null });
    this.#agreedEnd = all.find(({ interrupt }) => interrupt !== null)?.interrupt ?? undefined;
    const sum = (name: keyof typeof own) => all.reduce((total, each) => total + each[name], 0);
    return { rows: sum("rows"), tokens: sum("tokens"), positions: sum("positions"), labels: sum("labels") };
  }

  /**
   * Adds up the gradients of the batches of one step, each by its share of the step's labels, in all processes, as if they
   * were one batch.
   */
  async #accumulateGradients(batches: readonly Batch[], total: number): Promise<WeightedLoss[]> {
    const { accelerator, model } = this;
    const losses: WeightedLoss[] = [];
    for (const [i, batch] of batches.entries()) {
      const count = accelerator.isFiller(batch) ? 0 : countLabels(batch, model);
      const weight = total > 0 ? count / total : 1 / (batches.length * accelerator.numProcesses);
      const loss = this.computeLoss(model, batch);
      losses.push({ loss, weight });
      const backward = () => accelerator.backward(loss, { weight, share: 1 });
      if (i === batches.length - 1) {
        backward();
        continue;
      }
      accelerator.noSync(model, backward);
      await this.#tell("onSubstepEnd");
    }
    return accelerator.numProcesses === 1
      ? losses
      : [{ loss: accelerator.reduce(weightedSum(losses), "sum"), weight: 1 }];
  }

  /** What is due after a step or an epoch, in Python's order. */
  async #logEvaluateSave(session: Session): Promise<void> {
    const { args, control } = this;
    if (control.shouldLog) await this.#logTraining(session.run);
    let improved = false;
    if (control.shouldEvaluate) improved = await this.#evaluateInTraining(session);
    if (args.saveStrategy === "best") control.shouldSave = improved;
    else if (improved && args.saveStrategy !== "no") control.shouldSave = true;
    if (control.shouldSave && session.interrupted() === undefined) await this.#saveCheckpoint(session);
    control.shouldSave = false;
  }

  /** @returns Whether the model is better than it was at all evaluations before. */
  async #evaluateInTraining({ run, interrupted }: Session): Promise<boolean> {
    const { evalDataset } = this.#options;
    if (!evalDataset) throw new ConfigError("Trainer: an evaluation is asked for, but there is no evalDataset");
    await run.settle(); // a loss that is not finite is said as such, before the evaluation stumbles over it
    const metrics = await run.pause(() => this.#measure(evalDataset, "eval", () => interrupted() !== undefined));
    this.model.train();
    return metrics !== undefined && noteEvaluation(this.state, this.args, metrics);
  }

  /** Evaluates on one dataset or several, logs the figures and tells callbacks. Undefined where it was stopped. */
  async #measure(
    datasets: EvalDatasets,
    prefix: string,
    stop: () => boolean = () => false,
  ): Promise<Record<string, number> | undefined> {
    const stores = this.state.maxSteps > 0 && this.#callbacks.has(RunLogCallback);
    const [wantsDetails] = await this.accelerator.gatherObject(stores); // the first process stores them, all gather them
    this.accelerator.prepare(this.model);
    const measured = await this.#evaluator.measureAll(datasets, {
      prefix,
      labelsNeeded: true,
      details: wantsDetails,
      stop,
    });
    if (!measured) return undefined;
    await this.#logResults(measured.metrics);
    this.control.shouldEvaluate = false;
    await this.#tell("onEvaluate", measured);
    return measured.metrics;
  }

  async #logTraining(run: Run): Promise<void> {
    const row = await run.closeWindow();
    if (row) await this.log(row);
  }

  /** Logs figures that all_results.json holds, too. */
  async #logResults(row: LogRow): Promise<void> {
    this.#folder.addResults(row);
    if (this.state.maxSteps > 0) this.#folder.addResults({ epoch: this.state.epoch });
    await this.log(row);
  }

  async #checkpointOf({
    resumeFromCheckpoint = this.args.resumeFromCheckpoint,
  }: TrainOptions): Promise<string | undefined> {
    if (resumeFromCheckpoint === undefined || resumeFromCheckpoint === false) return undefined;
    return resolveCheckpoint(this.args.outputDir, resumeFromCheckpoint);
  }

  /** Brings model, optimizer, schedule, counters and the place in the data to where a checkpoint has them. */
  async #resume(session: Session, checkpoint: string, freshOptimizer: boolean): Promise<void> {
    const { plan } = session.run;
    const callbacks = await session.resume(checkpoint, freshOptimizer);
    this.#followPlan(plan); // logging, evaluating and saving are this run's, as is its length
    for (const row of this.state.logHistory) {
      if (Object.keys(row).some((key) => key.startsWith("eval_"))) this.#folder.addResults(row);
    }
    this.#callbacks.importStates(callbacks);
    info(
      `going on from ${checkpoint}: step ${this.state.globalStep} of ${plan.maxSteps}, epoch ${this.state.epoch.toFixed(2)}`,
    );
  }

  async #saveCheckpoint(session: Session): Promise<void> {
    this.control.shouldSave = false;
    const save = () =>
      session.save(
        () => this.#callbackStates(),
        (folder) => this.#folder.writeModel(folder),
      );
    const checkpoint = await this.accelerator.runOnMain("a checkpoint", save);
    if (checkpoint === undefined) return;
    await this.#tell("onSave", { checkpoint });
    this.#publisher?.saved(checkpoint, this.state.globalStep);
  }

  /** Logs what is left of the last window and the whole run, and saves. */
  async #finish(session: Session): Promise<TrainOutput> {
    const { args, state } = this;
    const { run } = session;
    const interrupted = session.interrupted();
    const saves = args.saveStrategy !== "no";
    await run.settle();
    // Before the last window is closed, since a run that goes on continues it.
    if (interrupted && saves) await this.#saveCheckpoint(session);
    if (args.loggingStrategy !== "no") await this.#logTraining(run);
    const metrics = run.summary();
    await this.#logResults(metrics);
    if (args.loadBestModelAtEnd && !interrupted) await this.#loadBest();
    await this.#tell("onTrainEnd");
    if (saves) {
      await this.accelerator.runOnMain("saveRun", () => this.#folder.saveRun());
      info(`saved to ${args.outputDir}`);
    }
    if (args.pushToHub) await this.#tell("onPushBegin");
    await this.accelerator.runOnMain("the end of publishing", async () => this.#publisher?.finishRun(args.outputDir));
    return { globalStep: state.globalStep, trainingLoss: run.losses.mean, metrics, interrupted };
  }

  async #loadBest(): Promise<void> {
    const best = this.state.bestModelCheckpoint ?? (await bestCheckpoint(this.args.outputDir));
    if (best === undefined) {
      warn("loadBestModelAtEnd: no checkpoint was evaluated, so that the last weights stay");
      return;
    }
    await loadModelWeights(this.model, best);
    info(`weights are those of ${best}: ${this.args.bestMetricKey} ${this.state.bestMetric}`);
  }

  #callbackStates() {
    return { ...this.#callbacks.exportStates(), TrainerControl: this.control.toJSON() };
  }

  /** Calls an event of the callbacks; resolves when all who heard of it are done. */
  async #tell<Event extends CallbackEvent>(
    event: Event,
    more?: Omit<CallbackEvents[Event], keyof CallbackContext> & Partial<CallbackContext>,
  ): Promise<void> {
    await this.#callbacks.call(event, { ...this.#context(), ...more } as CallbackEvents[Event]);
  }

  #context(): CallbackContext {
    const session = this.#session;
    return {
      args: this.args,
      state: this.state,
      control: this.control,
      model: this.model,
      processingClass: this.#options.processingClass,
      optimizer: session?.optimizer,
      lrScheduler: session?.lrScheduler,
      trainDataLoader: session?.loader,
      figures: session?.run.figures ?? {},
    };
  }
}
