// Every call of an Accelerator between two processes, with values worked out by hand. Prints "ok" on both.
import assert from "node:assert/strict";
import { Accelerator, ProcessError } from "../../../src/accelerate/index.js";
import { Linear } from "../../../src/nn/index.js";
import { manualSeed, randomState, tensor } from "../../../src/tensor/index.js";

const accelerator = new Accelerator();
const other = new Accelerator(); // the two do not hear each other
const rank = accelerator.processIndex;
assert.deepEqual(
  [accelerator.numProcesses, accelerator.isMainProcess, accelerator.isLastProcess],
  [2, rank === 0, rank === 1],
);
assert.deepEqual([accelerator.localProcessIndex, accelerator.isLocalMainProcess], [rank, rank === 0]);

// rank 0 talks over one first, rank 1 over the other
const first = rank === 0 ? [accelerator, other] : [other, accelerator];
const said = await Promise.all(first.map((each) => each.gatherObject({ rank, which: each === other })));
assert.deepEqual(
  said.map((values) => values.map(({ which }) => which)),
  rank === 0
    ? [
        [false, false],
        [true, true],
      ]
    : [
        [true, true],
        [false, false],
      ],
);

const own = { x: tensor([[rank, 10 + rank]]), ids: [tensor(Int32Array.of(7 * rank, -1))], name: "kept" };
const all = accelerator.gather(own);
assert.deepEqual(await all.x.toArray(), [
  [0, 10],
  [1, 11],
]);
assert.deepEqual(await all.ids[0].toArray(), [0, -1, 7, -1]);
assert.equal(all.name, "kept");
assert.deepEqual(await accelerator.gather(tensor(5 + rank)).toArray(), [5, 6]); // scalars become [processes]
assert.deepEqual(await own.x.toArray(), [[rank, 10 + rank]]); // stays as it was

assert.deepEqual(await accelerator.reduce(own.x).toArray(), [[0.5, 10.5]]);
assert.deepEqual(await accelerator.reduce(own.ids[0], "sum").toArray(), [7, -2]);
assert.throws(() => accelerator.reduce(own.ids[0]), /the mean of int32 tensors is not taken/);
assert.deepEqual(await accelerator.broadcast(own.x, 1).toArray(), [[1, 11]]);
assert.throws(() => accelerator.broadcast(own.x, 2), /no process 2; there are 2/);

const uneven = rank === 0 ? tensor([[1, 2, 3]]) : tensor([[4]]);
assert.deepEqual(
  await accelerator.padAcrossProcesses(uneven, { dim: 1, padIndex: -1 }).toArray(),
  rank === 0 ? [[1, 2, 3]] : [[4, -1, -1]],
);
assert.deepEqual(
  await accelerator.padAcrossProcesses(uneven, { dim: -1, padFirst: true }).toArray(),
  rank === 0 ? [[1, 2, 3]] : [[0, 0, 4]],
);

assert.deepEqual(accelerator.splitBetweenProcesses(["a", "b", "c"]), rank === 0 ? ["a", "b"] : ["c"]);

const order: number[] = [];
const noteTime = () => {
  order.push(performance.timeOrigin + performance.now());
};
await accelerator.mainProcessFirst(async () => {
  if (rank === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  noteTime();
});
const times = await accelerator.gatherObject(order[0]);
assert.ok(times[0] <= times[1], "the main process was first");
await accelerator.waitForEveryone();
assert.equal(accelerator.onMainProcess((x: number) => x + 1)(1), rank === 0 ? 2 : undefined);
assert.equal(accelerator.onProcess(1, () => "here")(), rank === 1 ? "here" : undefined);
accelerator.print("printed once");

// a model starts from the main process's weights, and only dropout differs
manualSeed(rank);
const model = new Linear(3, 2);
accelerator.prepare(model);
assert.equal(randomState().process, rank);
await accelerator.checkParameters(model);
if (rank === 1) model.bias?.fill_(3);
await assert.rejects(accelerator.checkParameters(model), ProcessError);

console.log("ok");
