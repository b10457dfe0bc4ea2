// What a run says when a loss or a gradient is not finite: the step, and the rows that it was computed from.
import type { DataLoader, DataLoaderState } from "../batches/index.js";
import { AttuneError, DeviceError } from "../support/errors.js";
import { fence, type Tensor } from "../tensor/index.js";

type Loader = Pick<DataLoader<object>, "batchSampler">;

/** The batches of a step: where the loader stood, and how many it took. */
export interface StepBatches {
  readonly began: DataLoaderState;
  readonly batches: number;
}

const ROWS_NAMED = 64;

/** The rows of a step's batches, by their numbers in the dataset; undefined where the loader has none. */
export function rowsOf({ batchSampler }: Loader, { began, batches }: StepBatches): number[] | undefined {
  const order = batchSampler?.batches(began.epoch);
  if (!order) return undefined;
  return Array.from({ length: batches }, (_, i) => Array.from(order.at(began.batch + i) ?? [])).flat();
}

/** "rows 12, 407, 3 of trainDataset", as the end of a message. */
export function describeRows(loader: Loader, step: StepBatches | undefined): string {
  const rows = step && rowsOf(loader, step);
  if (!rows || rows.length === 0) return "";
  const more = rows.length > ROWS_NAMED ? ` and ${rows.length - ROWS_NAMED} more` : "";
  return `; its batch was rows ${rows.slice(0, ROWS_NAMED).join(", ")}${more} of trainDataset`;
}

/** The step that an error of the device names. */
export function stepOf(error: DeviceError): number | undefined {
  const step = /\bstep (\d+)\b/.exec(error.message)?.[1];
  return step === undefined ? undefined : Number(step);
}

/**
 * The error of a run that a kernel ended; takes in what the steps enqueued after it may have to say, too.
 * @param rows What describeRows says.
 */
export async function stopped(error: DeviceError, rows: string): Promise<DeviceError> {
  await fence()
    .wait()
    .catch(() => undefined);
  return new DeviceError(
    `Training stopped: ${error.message}${rows}. Nothing was saved since. A lower learningRate or some warmupSteps often ` +
      "help; look for empty or broken rows, too. skipNonFinite leaves such steps out",
    { cause: error },
  );
}

const LEFT_OUT_AT_MOST = 20;

/** @throws AttuneError where so many steps in a row were left out that it is hardly their rows */
export function refuseManyLeftOut(inARow: number): void {
  if (inARow < LEFT_OUT_AT_MOST) return;
  throw new AttuneError(
    `Training stopped: the last ${inARow} steps were left out, as none of them was finite. That is hardly their rows: the ` +
      "weights may not be finite, or learningRate is too high. Start anew, or go on from an earlier checkpoint, with a lower one",
  );
}

/** Waits for a step's losses and the norm of its gradients; says what of them is not finite, if something is. */
export async function nonFinite(
  losses: readonly { readonly loss: Tensor }[],
  gradNorm: Tensor | undefined,
): Promise<string | undefined> {
  try {
    for (const { loss } of losses) {
      const value = await loss.item();
      if (!Number.isFinite(value)) return await drained(`the loss is ${value}`);
    }
    const norm = gradNorm && (await gradNorm.item());
    return norm === undefined || Number.isFinite(norm)
      ? undefined
      : await drained(`the norm of the gradients is ${norm}`);
  } catch (error) {
    if (error instanceof DeviceError) return drained(error.message);
    throw error;
  }
}

/** Takes in the errors of what the step has enqueued since, so that none is left for the next. */
async function drained(reason: string): Promise<string> {
  await fence()
    .wait()
    .catch(() => undefined);
  return reason;
}
