// Groups of an optimizer by the names of parameters.
import { describe, expect, it } from "vitest";
import { Linear, Module } from "../../src/nn/index.js";
import { AdamW, parameterGroups } from "../../src/optim/index.js";
import { tensor } from "../../src/tensor/index.js";

class Two extends Module {
  readonly body = new Linear(2, 2);
  readonly head = new Linear(2, 1);

  override forward(x = tensor([[1, 2]])) {
    return this.head.forward(this.body.forward(x)).sum();
  }
}

const namesIn = (model: Module, params: Iterable<unknown>): string[] => {
  const set = new Set(params);
  return [...model.namedParameters()].filter(([, parameter]) => set.has(parameter)).map(([name]) => name);
};

describe("parameterGroups", () => {
  it("lets every rule that matches hold, a later one first, and leaves the rest to the optimizer", () => {
    const model = new Two();
    const groups = parameterGroups(model, [
      { match: ["*.bias"], weightDecay: 0 },
      { match: "head", lr: 1e-3, weightDecay: 0.5 },
      { match: /head\.bias/, weightDecay: 0.25 },
    ]);
    const optimizer = new AdamW(groups, { lr: 5e-5, weightDecay: 0.01 });
    const found = optimizer.paramGroups.map(({ params, lr, weightDecay }) => [namesIn(model, params), lr, weightDecay]);
    expect(found).toEqual([
      [["body.weight"], 5e-5, 0.01],
      [["body.bias"], 5e-5, 0],
      [["head.weight"], 1e-3, 0.5],
      [["head.bias"], 1e-3, 0.25],
    ]);
  });

  it("leaves frozen parameters out, and AdamW leaves them alone where it is given them", async () => {
    const model = new Two();
    expect(model.freeze("body")).toEqual(["body.weight", "body.bias"]);
    const [group, ...others] = parameterGroups(model, [{ match: "*.bias", eps: 1e-8 }]);
    expect([group, ...others].flatMap(({ params }) => namesIn(model, params))).toEqual(["head.weight", "head.bias"]);
    const before = await model.body.weight.data();
    const headBefore = await model.head.weight.data();
    const optimizer = new AdamW(model.parameters(), { lr: 0.1 });
    model.forward().backward();
    optimizer.step();
    expect(await model.body.weight.data()).toEqual(before);
    expect(await model.head.weight.data()).not.toEqual(headBefore);
    expect(model.unfreeze("*")).toHaveLength(4);
    optimizer.zeroGrad();
    model.forward().backward();
    optimizer.step();
    expect(await model.body.weight.data()).not.toEqual(before);
    model.freeze("*");
    expect(() => new AdamW(model.parameters())).toThrow(
      /none of the 4 tensors requires a gradient; is everything frozen/,
    );
  });

  it("refuses a rule that matches nothing", () => {
    expect(() => parameterGroups(new Two(), [{ match: "heads", lr: 1 }])).toThrow(
      /no parameter matches "heads"; did you mean "head"/,
    );
  });
});
