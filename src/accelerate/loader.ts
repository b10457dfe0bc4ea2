// A loader among several processes: each gets every size-th batch, so that together they have, step by step, the rows of one
// process whose batches are as many times larger. Before a batch is handed out the processes tell each other what they have:
// how many rows and labels, for weights and gathering; and whether anything is left, so that all of them end together.
import { warn } from "../support/log.js";
import { Tensor } from "../tensor/index.js";
import type { LoaderLike, Synchronizer } from "./prepare.js";

/** What one process has of a step's rows. */
export interface BatchShare {
  readonly rows: number;
  /** What the batch's mean loss is a mean over. */
  readonly labels: number;
}

/** Where a loader stands in its epoch. */
export interface LoaderPosition {
  /** The batch given out last is the epoch's last. */
  last: boolean;
  /** Rows that this process's batch holds, those of a filler too. */
  batchRows: number;
  /** What each process has of the rows of this step, by rank; of a filler nothing. */
  shares: readonly BatchShare[];
}

/** A loader that can be told which share it is; DataLoader can. */
interface Shardable {
  shard(rank: number, size: number): void;
  /** Whether the batch handed out last stands in for one that is not there. */
  readonly filler: boolean;
  stateDict?(): { readonly batch: number };
}

function isShardable(loader: object): loader is Shardable {
  return typeof (loader as Partial<Shardable>).shard === "function";
}

export function giveShare(loader: LoaderLike, owner: Synchronizer): void {
  const { rank, size } = owner;
  const iterate = loader[Symbol.asyncIterator].bind(loader);
  const own = isShardable(loader);
  if (own) loader.shard(rank, size);
  const total = loader.length;
  if (size > 1 && !own) {
    Object.defineProperty(loader, "length", { get: () => Math.ceil(total / size), configurable: true });
  }
  const source = own
    ? () => withFillers(iterate, loader)
    : () => everyOther({ [Symbol.asyncIterator]: iterate }, rank, size);
  Object.defineProperty(loader, Symbol.asyncIterator, {
    value: () => watch(source(), loader, owner),
    writable: true,
    configurable: true,
  });
}

interface Given {
  readonly batch: unknown;
  readonly filler: boolean;
}

async function* withFillers(iterate: () => AsyncIterator<unknown>, loader: Shardable): AsyncGenerator<Given> {
  for await (const batch of { [Symbol.asyncIterator]: iterate }) yield { batch, filler: loader.filler };
}

/** Of every `size` batches that of number `rank`; where the last are fewer, the first of them as a filler. */
async function* everyOther(batches: AsyncIterable<unknown>, rank: number, size: number): AsyncGenerator<Given> {
  let group: unknown[] = [];
  for await (const batch of batches) {
    group.push(batch);
    if (group.length < size) continue;
    yield { batch: group[rank], filler: false };
    group = [];
  }
  if (group.length > 0) yield { batch: group[rank] ?? group[0], filler: rank >= group.length };
}

async function* watch(given: AsyncGenerator<Given>, loader: LoaderLike, owner: Synchronizer): AsyncGenerator<unknown> {
  const state: LoaderPosition = { last: false, batchRows: 0, shares: [] };
  let count = 0;
  owner.beginLoader(state);
  try {
    for (;;) {
      const next = await given.next();
      const own = next.done ? undefined : shareOf(next.value);
      const shares = await owner.agreeOnBatch(own);
      if (next.done || shares === undefined) {
        if (!next.done)
          warn("a loader's epoch ends here, since another process has no batch left; what is left here is not used");
        return;
      }
      const { batch, filler } = next.value;
      const place = isShardable(loader) ? loader.stateDict?.().batch : undefined;
      const last = place === undefined || loader.length === Infinity ? ++count >= loader.length : place === 0;
      Object.assign(state, { last, shares, batchRows: rowsOf(batch) });
      if (filler && typeof batch === "object" && batch !== null) owner.noteFiller(batch);
      yield batch;
    }
  } finally {
    owner.endLoader(state);
    await given.return(undefined);
  }
}

function shareOf({ batch, filler }: Given): BatchShare {
  return filler ? { rows: 0, labels: 0 } : { rows: rowsOf(batch), labels: labelsOf(batch) };
}

const IGNORED = -100; // labels of this value are no part of a loss

/** Rows of a batch: of its input_ids, or else its first tensor. */
function rowsOf(batch: unknown): number {
  const tensor = batch instanceof Tensor ? batch : (entry(batch, "input_ids") ?? firstTensor(batch));
  return tensor?.shape[0] ?? 1;
}

function labelsOf(batch: unknown): number {
  const labels = entry(batch, "labels");
  if (!labels) return rowsOf(batch);
  const { host } = labels;
  if (!host) return labels.shape[0] ?? 1;
  const mask = entry(batch, "attention_mask");
  const masked = mask && mask.size === labels.size ? mask.host : undefined;
  return host.reduce((sum, label, i) => sum + (label === IGNORED || masked?.[i] === 0 ? 0 : 1), 0);
}

function entry(batch: unknown, name: string): Tensor | undefined {
  if (typeof batch !== "object" || batch === null) return undefined;
  const value: unknown = (batch as Record<string, unknown>)[name];
  return value instanceof Tensor ? value : undefined;
}

function firstTensor(batch: unknown): Tensor | undefined {
  if (typeof batch !== "object" || batch === null) return undefined;
  return Object.values(batch).find((value): value is Tensor => value instanceof Tensor);
}
