// The processes of a job as a loop sees them: who it is among them, messages between programs, operations on tensors.
// There is one implementation for each way of being several: mpi/, and alone, which is here.
import type { Tensor } from "../tensor/index.js";

/** An operation on tensors that was begun. */
export interface Pending {
  /** What is enqueued on the device from now on sees the result. Returns at once. */
  wait(): void;
}

export interface GroupStatistics {
  /** Bytes that this process has sent. */
  readonly bytesSent: number;
  /** Seconds in which tensors were on their way, from when they were ready on. */
  readonly movingSeconds: number;
  /** Seconds for which the device has waited for them: communication that was not hidden behind computation. */
  readonly heldSeconds: number;
}

/**
 * Processes that do the same, in the same order. Every call is made by all of them; `what` says which, for people, and is
 * the same everywhere: where it is not, exchanges say who calls what.
 */
export interface ProcessGroup {
  /** From 0. */
  readonly rank: number;
  readonly size: number;
  /** Among the processes of this machine. */
  readonly localRank: number;
  readonly localSize: number;
  readonly host: string;
  /** Everybody's bytes, by rank. */
  exchange(what: string, bytes?: Uint8Array): Promise<readonly Uint8Array[]>;
  /** As `exchange`, holding the program meanwhile. */
  exchangeNow(what: string, bytes?: Uint8Array): readonly Uint8Array[];
  /** The sum over all processes, in place, in the order of ranks: everywhere the same bits. One dtype, int32 or float32. */
  allReduce(what: string, tensors: readonly Tensor[]): Pending;
  /** The elements of all processes, one after another, in `out`; `counts` of each. */
  allGather(what: string, own: Tensor, out: Tensor, counts: readonly number[]): Pending;
  /** What process `root` has, in place of what the others have. */
  broadcast(what: string, tensors: readonly Tensor[], root: number): Pending;
  statistics(): GroupStatistics;
}

const done: Pending = { wait: () => undefined };

/** A process on its own. */
export class SingleProcess implements ProcessGroup {
  readonly rank = 0;
  readonly size = 1;
  readonly localRank = 0;
  readonly localSize = 1;
  readonly host = "localhost";

  async exchange(_what: string, bytes: Uint8Array = new Uint8Array(0)): Promise<readonly Uint8Array[]> {
    return [bytes];
  }

  exchangeNow(_what: string, bytes: Uint8Array = new Uint8Array(0)): readonly Uint8Array[] {
    return [bytes];
  }

  allReduce(): Pending {
    return done;
  }

  allGather(_what: string, own: Tensor, out: Tensor): Pending {
    out.copy_(own);
    return done;
  }

  broadcast(): Pending {
    return done;
  }

  statistics(): GroupStatistics {
    return { bytesSent: 0, movingSeconds: 0, heldSeconds: 0 };
  }
}

/** Everybody's value, by rank; whatever JSON can hold. */
export async function exchangeValues<T>(group: ProcessGroup, what: string, value: T): Promise<readonly T[]> {
  return (await group.exchange(what, encode(value))).map((bytes) => decode<T>(bytes));
}

/** As `exchangeValues`, holding the program meanwhile. */
export function exchangeValuesNow<T>(group: ProcessGroup, what: string, value: T): readonly T[] {
  return group.exchangeNow(what, encode(value)).map((bytes) => decode<T>(bytes));
}

function encode(value: unknown): Uint8Array {
  return value === undefined ? new Uint8Array(0) : new TextEncoder().encode(JSON.stringify(value));
}

function decode<T>(bytes: Uint8Array): T {
  return (bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(bytes))) as T;
}
