// The parts that several processes need, each by itself: lists cut, gradients cut into buckets, shares of foreign loaders.
import { describe, expect, it } from "vitest";
import { cutBuckets } from "../../src/accelerate/buckets.js";
import { Accelerator } from "../../src/accelerate/index.js";
import { splitBetween } from "../../src/accelerate/split.js";
import { movedTo } from "../../src/accelerate/state.js";
import { SingleProcess } from "../../src/processes/index.js";
import { tensor } from "../../src/tensor/index.js";

describe("splitBetweenProcesses", () => {
  const split = <T>(value: T, size: number, applyPadding = false) =>
    Array.from({ length: size }, (_, rank) => splitBetween(value, rank, size, applyPadding));

  // as accelerate's PartialState.split_between_processes cuts them
  it("gives the first processes one more, or repeats the last element", () => {
    expect(split([1, 2, 3, 4, 5], 3)).toEqual([[1, 2], [3, 4], [5]]);
    expect(split([1, 2, 3, 4, 5], 3, true)).toEqual([
      [1, 2],
      [3, 4],
      [5, 5],
    ]);
    expect(split([1], 3, true)).toEqual([[1], [1], [1]]);
    expect(split([], 2, true)).toEqual([[], []]);
    expect(split(Int32Array.of(1, 2, 3), 2, true)).toEqual([Int32Array.of(1, 2), Int32Array.of(3, 3)]);
    expect(split({ a: [1, 2, 3], b: ["x", "y", "z"] }, 2)[1]).toEqual({ a: [3], b: ["z"] });
  });

  it("cuts tensors by rows, and refuses what it cannot cut", async () => {
    const [, second] = split(tensor([[1], [2], [3]]), 2, true);
    expect(await second.toArray()).toEqual([[3], [3]]);
    expect(() => split({ a: [1], b: [1, 2] }, 2)).toThrow(/lengths differ: a 1, b 2/);
    expect(() => split("text", 2)).toThrow(/this is string/);
  });
});

describe("buckets", () => {
  it("follow the order of completion, a small one first", () => {
    const million = 2 ** 20 / 4; // elements of a MiB
    const sizes = [3 * million, million, million / 2, million / 2, 5 * million];
    expect(cutBuckets([4, 3, 2, 1, 0], sizes, 4 * 2 ** 20)).toEqual([[4], [3, 2, 1, 0]]);
    expect(cutBuckets([3, 2, 1, 0], sizes, 2 ** 20)).toEqual([[3, 2], [1], [0]]);
    expect(cutBuckets([], sizes, 1)).toEqual([]);
  });
});

describe("a place in the data", () => {
  it("is that of the same rows in steps of another size, or the nearest before", () => {
    expect(movedTo({ epoch: 1, batch: 6 }, 4, 2)).toEqual({ epoch: 1, batch: 12 });
    expect(movedTo({ epoch: 1, batch: 5 }, 2, 4)).toEqual({ epoch: 1, batch: 2 });
    expect(movedTo({ epoch: 0, batch: 3 }, 1, 1)).toEqual({ epoch: 0, batch: 3 });
  });
});

/** One of two processes, the other of which has as much of everything. */
class Half extends SingleProcess {
  override readonly size = 2 as number as 1;
  override readonly rank: 0;

  constructor(rank: number) {
    super();
    this.rank = rank as 0;
  }

  override async exchange(_what: string, bytes = new Uint8Array(0)): Promise<readonly Uint8Array[]> {
    return [bytes, bytes];
  }

  override exchangeNow(_what: string, bytes = new Uint8Array(0)): readonly Uint8Array[] {
    return [bytes, bytes];
  }
}

describe("a loader of one's own", () => {
  const loader = () => ({
    length: 5,
    async *[Symbol.asyncIterator]() {
      for (let i = 0; i < 5; i++) yield { x: tensor([[i]]) };
    },
  });

  it.each([
    [0, [0, 2, 4], [false, false, false]],
    [1, [1, 3, 4], [false, false, true]],
  ])("gives process %d every other batch, and a filler where there is none", async (rank, expected, fillers) => {
    const accelerator = new Accelerator({ processes: new Half(rank) });
    const [prepared] = accelerator.prepare(loader());
    expect(prepared.length).toBe(3);
    const given: number[] = [];
    const filled: boolean[] = [];
    for await (const batch of prepared) {
      given.push(await batch.x.item());
      filled.push(accelerator.isFiller(batch));
    }
    expect(given).toEqual(expected);
    expect(filled).toEqual(fillers);
  });

  it("makes a prepared schedule count the steps of all processes", () => {
    const steps = (scheduleSteps?: number) => {
      let count = 0;
      const accelerator = new Accelerator({ processes: new Half(0), scheduleSteps });
      const [schedule] = accelerator.prepare({ step: () => count++ });
      schedule.step();
      return count;
    };
    expect([steps(), steps(1)]).toEqual([2, 1]);
  });
});

describe("saveState and loadState", () => {
  it("refuses what cannot give its state", () => {
    const accelerator = new Accelerator();
    expect(() => accelerator.registerForCheckpointing({} as never)).toThrow(/argument 1 has no stateDict/);
    expect(() => accelerator.getTracker("wandb")).toThrow(/no tracker "wandb"; logWith has none/);
  });
});
