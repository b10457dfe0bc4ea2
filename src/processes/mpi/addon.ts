// The interface of the MPI binding: native/mpi/binding.cpp is the other side.

/** A channel's address. */
export type Channel = number;

export interface Addon {
  /** Begins MPI. Who waits longer than the limit for others fails. `report` hears of exchanges. Throws. */
  start(limitSeconds: number, report: Report): Self;
  /** All processes open a channel at the same point. Throws. */
  open(): Channel;
  exchange(channel: Channel, what: string, bytes: Uint8Array, id: number): void;
  /** Throws. */
  exchangeNow(channel: Channel, what: string, bytes: Uint8Array): Uint8Array[];
  /** `runs`: address and count of elements, alternating. @returns a ticket */
  allReduce(channel: Channel, what: string, runs: Float64Array, element: number): number;
  allGather(channel: Channel, what: string, own: number, out: number, bytes: Float64Array): number;
  broadcast(channel: Channel, what: string, runs: Float64Array, root: number): number;
  statistics(): { bytesSent: number; movingSeconds: number; heldSeconds: number };
  /** Waits until the others end, too. Throws. */
  finish(): void;
  /** Ends every process of the job. */
  abort(status: number): never;
  /** Of C functions (channel, ticket): the device has come to a ticket's mark; the device needs a ticket's result. */
  readonly signalFunction: number;
  readonly awaitFunction: number;
}

export type Report = (id: number, error: string | undefined, parts: Uint8Array[] | undefined) => void;

export interface Self {
  readonly rank: number;
  readonly size: number;
  readonly localRank: number;
  readonly localSize: number;
  readonly host: string;
  /** Name and version of the MPI library. */
  readonly library: string;
}
