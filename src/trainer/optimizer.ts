// The optimizer and the plan of a run, as Python's Trainer makes them.
import { LayerNorm, type Module } from "../nn/index.js";
import { AdamW, getScheduler, type LambdaLR, type SchedulerType, type ScheduleState } from "../optim/index.js";
import type { Tensor } from "../tensor/index.js";
import type { TrainingArguments } from "./arguments.js";

/** What the Trainer asks of an optimizer; AdamW is one. */
export interface TrainerOptimizer {
  readonly paramGroups: readonly { lr: number; initialLr?: number; readonly params: readonly Tensor[] }[];
  step(): void;
  zeroGrad(): void;
}

/** What the Trainer asks of a schedule of learning rates; LambdaLR is one. */
export interface TrainerSchedule {
  step(): void;
  /** The rates now set, one a group. */
  getLastLr(): number[];
  stateDict(): ScheduleState;
  loadStateDict(state: ScheduleState): void;
}

/** Names without weight decay, whatever their case (transformers: trainer.py, get_decay_parameter_names). */
const NO_DECAY = /bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)/i;

/** AdamW over two groups, in Python's order: what decays, then biases and the weights of norms. */
export function createAdamW(model: Module, args: TrainingArguments): AdamW {
  const norms = new Set<Tensor>();
  for (const [, module] of model.namedModules()) {
    if (module instanceof LayerNorm) for (const parameter of module.parameters()) norms.add(parameter);
  }
  const named = [...model.namedParameters()].filter(([, parameter]) => parameter.requiresGrad);
  const decays = ([name, parameter]: (typeof named)[number]) => !norms.has(parameter) && !NO_DECAY.test(name);
  const group = (members: typeof named, weightDecay: number) => ({
    params: members.map(([, parameter]) => parameter),
    weightDecay,
  });
  return new AdamW(
    [
      group(named.filter(decays), args.weightDecay),
      group(
        named.filter((member) => !decays(member)),
        0,
      ),
    ],
    { lr: args.learningRate, betas: [args.adamBeta1, args.adamBeta2], eps: args.adamEpsilon },
  );
}

/** The schedule that the arguments name, over the plan's steps. @throws ConfigError as getScheduler */
export function createSchedule(optimizer: TrainerOptimizer, args: TrainingArguments, plan: Plan): LambdaLR {
  const options = {
    numWarmupSteps: plan.warmupSteps,
    numTrainingSteps: plan.maxSteps,
    ...args.lrSchedulerKwargs,
  };
  return getScheduler<SchedulerType>(args.lrSchedulerType, optimizer, options);
}

/** How long a run is, and when it logs, evaluates and saves. All in optimizer steps. */
export interface Plan {
  readonly batchesPerEpoch: number;
  readonly stepsPerEpoch: number;
  readonly maxSteps: number;
  /** Epochs begun; the last may be cut short. */
  readonly epochs: number;
  readonly warmupSteps: number;
  readonly loggingSteps: number;
  readonly evalSteps: number;
  readonly saveSteps: number;
}

/** @param batchesPerEpoch Batches that the training loader gives in an epoch; Infinity where nobody knows. */
export function planRun(args: TrainingArguments, batchesPerEpoch: number): Plan {
  const stepsPerEpoch = Math.max(1, Math.ceil(batchesPerEpoch / args.gradientAccumulationSteps));
  const maxSteps = args.maxSteps > 0 ? args.maxSteps : Math.ceil(args.numTrainEpochs * stepsPerEpoch);
  const stepsOf = (value: number) => (value < 1 ? Math.ceil(value * maxSteps) : value);
  const loggingSteps = stepsOf(args.loggingSteps ?? Math.min(500, Math.max(1, Math.round(maxSteps / 10))));
  return {
    batchesPerEpoch,
    stepsPerEpoch,
    maxSteps,
    epochs: Number.isFinite(stepsPerEpoch) ? Math.ceil(maxSteps / stepsPerEpoch) : Number.MAX_SAFE_INTEGER,
    warmupSteps: stepsOf(args.warmupSteps),
    loggingSteps,
    evalSteps: args.evalSteps === undefined ? loggingSteps : stepsOf(args.evalSteps),
    saveSteps: stepsOf(args.saveSteps),
  };
}
