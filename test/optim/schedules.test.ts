import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { LambdaLR } from "../../src/optim/lambda-lr.js";
import { getScheduler, type ScheduleOptions, type SchedulerType } from "../../src/optim/schedules.js";
import { ConfigError } from "../../src/support/errors.js";
import { describeShared, sharedJson } from "../shared.js";

const optimizer = (...rates: number[]) => ({
  paramGroups: rates.map((lr) => ({ lr, initialLr: undefined as number | undefined })),
});

/** Rates of the first steps. */
function rates<Name extends SchedulerType>(
  name: Name,
  options: ScheduleOptions[Name],
  steps: number,
  lr = 1,
): number[] {
  const target = optimizer(lr);
  const schedule = getScheduler<SchedulerType>(name, target, options);
  return Array.from({ length: steps }, () => {
    const [rate] = schedule.getLastLr();
    schedule.step();
    return rate;
  });
}

function expectNear(actual: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = expected.findIndex((value, i) => !(Math.abs(actual[i] - value) <= tolerance));
  if (worst >= 0) throw new Error(`step ${worst}: ${actual[worst]} is not ${expected[worst]} within ${tolerance}`);
}

describeShared("transformers' schedules", () => {
  interface Fixture {
    arguments: Record<string, number | Record<string, number>>;
    lr: number[];
  }
  const fixtures = sharedJson<Record<string, Fixture>>("fixtures/schedules.json");
  const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

  it("are all there", () => {
    expect(Object.keys(fixtures)).toHaveLength(9);
  });

  it.each(Object.entries(fixtures))("%s gives the same rates", (name, { arguments: given, lr }) => {
    const { scheduler_specific_kwargs: extras, ...steps } = given;
    const entries = Object.entries({ ...steps, ...(extras as Record<string, number> | undefined) });
    const options = Object.fromEntries(entries.map(([key, value]) => [camel(key), value]));
    expect(lr[1]).toBeGreaterThan(0);
    // To the last bit but where JavaScript's cosine rounds otherwise than C's.
    expectNear(rates(name as SchedulerType, options as never, lr.length, 5e-5), lr, 5e-5 * 2 ** -52);
  });
});

// Expected numbers below: the formulas of transformers' docstrings, by hand.
describe("getScheduler", () => {
  it("takes schedules without options, and steps they do not need", () => {
    expect(rates("constant", {}, 3)).toEqual([1, 1, 1]);
    expect(getScheduler("constant", optimizer(0.5)).getLastLr()).toEqual([0.5]);
    expect(rates("constant", { numWarmupSteps: 5, numTrainingSteps: 9 }, 2)).toEqual([1, 1]);
    expect(rates("constant_with_warmup", { numWarmupSteps: 2, numTrainingSteps: 9 }, 4)).toEqual([0, 0.5, 1, 1]);
  });

  it("stays at the lowest rate after the last step", () => {
    expect(rates("linear", { numWarmupSteps: 0, numTrainingSteps: 2 }, 5)).toEqual([1, 0.5, 0, 0, 0]);
    const polynomial = rates("polynomial", { numWarmupSteps: 0, numTrainingSteps: 2, lrEnd: 0.5, power: 2 }, 5);
    expect(polynomial).toEqual([1, 0.625, 0.5, 0.5, 0.5]);
    expect(rates("cosine_with_restarts", { numWarmupSteps: 0, numTrainingSteps: 2 }, 4).slice(2)).toEqual([0, 0]);
    const decayed = { numWarmupSteps: 1, numStableSteps: 1, numDecaySteps: 2, minLrRatio: 0.5 };
    expectNear(rates("warmup_stable_decay", decayed, 7), [0.5, 1, 1, 0.75, 0.5, 0.5, 0.5], 1e-15);
  });

  it("needs no training steps beyond the warmup", () => {
    expect(rates("linear", { numWarmupSteps: 2, numTrainingSteps: 2 }, 4)).toEqual([0, 0.5, 0, 0]);
    expectNear(rates("polynomial", { numWarmupSteps: 2, numTrainingSteps: 2 }, 4), [0, 0.5, 1e-7, 1e-7], 1e-20);
    expect(rates("linear", { numWarmupSteps: 0, numTrainingSteps: 0 }, 1)).toEqual([0]);
  });

  it("has the curves of warmup_stable_decay", () => {
    const steps = { numWarmupSteps: 4, numStableSteps: 0, numDecaySteps: 4 };
    const half = Math.SQRT1_2;
    const up = {
      linear: [0, 0.25, 0.5],
      cosine: [0, 0.5 - half / 2, 0.5],
      "1-sqrt": [0, 1 - Math.sqrt(0.75), 1 - half],
    };
    const down = { linear: [1, 0.75, 0.5], cosine: [1, 0.5 + half / 2, 0.5], "1-sqrt": [1, 0.5, 1 - half] };
    for (const curve of ["linear", "cosine", "1-sqrt"] as const) {
      const actual = rates("warmup_stable_decay", { ...steps, warmupType: curve, decayType: curve }, 7);
      expectNear(actual.slice(0, 3), up[curve], 1e-15);
      expectNear(actual.slice(4), down[curve], 1e-15);
    }
  });

  it("takes minLr as a rate and minLrRate as a share", () => {
    const steps = { numWarmupSteps: 0, numTrainingSteps: 10 };
    const byRate = rates("cosine_with_min_lr", { ...steps, minLr: 1e-5 }, 11, 1e-4);
    expectNear(byRate, rates("cosine_with_min_lr", { ...steps, minLrRate: 0.1 }, 11, 1e-4), 1e-19);
    expectNear([byRate[0], byRate[5], byRate[10]], [1e-4, 5.5e-5, 1e-5], 1e-19);
  });

  it("falls as 1/sqrt from the timescale on", () => {
    expect(rates("inverse_sqrt", { numWarmupSteps: 0, timescale: 1 }, 9)[8]).toBeCloseTo(1 / 3, 15);
    expect(rates("inverse_sqrt", { numWarmupSteps: 0 }, 2)[1]).toBeCloseTo(1 / Math.sqrt(1.0001), 15);
  });

  it("scales every group from its own rate", () => {
    const target = optimizer(1, 0.1);
    const schedule = getScheduler("linear", target, { numWarmupSteps: 0, numTrainingSteps: 4 });
    schedule.step();
    expect(target.paramGroups).toEqual([
      { lr: 0.75, initialLr: 1 },
      { lr: 0.1 * 0.75, initialLr: 0.1 },
    ]);
    expect(schedule.getLastLr()).toEqual([0.75, 0.1 * 0.75]);
  });

  it("starts a second schedule from the rates the optimizer began with", () => {
    const target = optimizer(1);
    getScheduler("linear", target, { numWarmupSteps: 10, numTrainingSteps: 20 });
    expect(target.paramGroups[0].lr).toBe(0);
    expect(getScheduler("constant", target).getLastLr()).toEqual([1]);
  });

  it("names what is wrong", () => {
    const steps = { numWarmupSteps: 1, numTrainingSteps: 10 };
    const cases: [name: string, options: unknown, message: RegExp][] = [
      ["linaer", steps, /Unknown schedule linaer; did you mean linear\? Known are constant, .*warmup_stable_decay$/],
      ["toString", steps, /Unknown schedule toString/],
      ["linear", undefined, /linear needs numWarmupSteps and numTrainingSteps/],
      ["cosine", { numWarmupSteps: 1 }, /cosine needs numTrainingSteps/],
      ["linear", { ...steps, numTrainingStep: 10 }, /no option numTrainingStep; did you mean numTrainingSteps\?/],
      ["linear", { ...steps, power: 2 }, /linear has no option power; It takes numWarmupSteps, numTrainingSteps$/],
      ["linear", { ...steps, numWarmupSteps: 0.1 }, /numWarmupSteps is 0.1, and should be a whole number/],
      ["linear", { ...steps, numTrainingSteps: -1 }, /numTrainingSteps is -1/],
      ["linear", { ...steps, numTrainingSteps: Number.NaN }, /numTrainingSteps is NaN/],
      ["polynomial", { ...steps, lrEnd: 1 }, /lrEnd 1 must be below the optimizer's learning rate 0.001/],
      ["cosine_with_min_lr", steps, /needs minLr or minLrRate, one of the two/],
      ["cosine_with_min_lr", { ...steps, minLr: 0, minLrRate: 0 }, /one of the two/],
      ["warmup_stable_decay", steps, /needs numDecaySteps/],
      ["warmup_stable_decay", { numWarmupSteps: 1, numDecaySteps: 1 }, /needs numTrainingSteps or numStableSteps/],
      [
        "warmup_stable_decay",
        { ...steps, numDecaySteps: 10 },
        /1 steps of warmup and 10 of decay are more than the 10/,
      ],
      ["warmup_stable_decay", { ...steps, numDecaySteps: 1, decayType: "sqrt" }, /decayType is sqrt; it may be linear/],
    ];
    for (const [name, options, message] of cases) {
      const make = () => getScheduler(name as "linear", optimizer(1e-3), options as ScheduleOptions["linear"]);
      expect(make).toThrow(ConfigError);
      expect(make).toThrow(message);
    }
    expect(() => getScheduler("constant", { paramGroups: [] })).toThrow(/no parameter groups/);
  });

  it("says that numStableSteps and numTrainingSteps disagree", () => {
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    rates("warmup_stable_decay", { numWarmupSteps: 1, numTrainingSteps: 9, numStableSteps: 2, numDecaySteps: 3 }, 1);
    expect(write.mock.calls.flat().join("")).toContain("numStableSteps 2 holds");
    write.mockRestore();
  });

  it("types each schedule's options", () => {
    expectTypeOf(getScheduler<"constant">)
      .parameter(2)
      .toEqualTypeOf<ScheduleOptions["constant"] | undefined>();
    expectTypeOf(getScheduler<"linear">)
      .parameter(2)
      .toEqualTypeOf<ScheduleOptions["linear"]>();
  });
});

describe("LambdaLR", () => {
  it("resumes from its state with the same rates", () => {
    const options = { numWarmupSteps: 3, numTrainingSteps: 20 };
    const whole = rates("cosine", options, 20, 5e-5);
    const first = getScheduler("cosine", optimizer(5e-5), options);
    for (let i = 0; i < 8; i++) first.step();
    const state = JSON.parse(JSON.stringify(first.stateDict()));
    // The keys and counts of torch.optim.lr_scheduler.LambdaLR.state_dict() after eight steps.
    expect(state).toEqual({ base_lrs: [5e-5], last_epoch: 8, _step_count: 9, _last_lr: [whole[8]] });

    const target = optimizer(0.123);
    const second = getScheduler("cosine", target, options);
    second.loadStateDict(state);
    expect(target.paramGroups).toEqual([{ lr: whole[8], initialLr: 5e-5 }]);
    expect(second.lastStep).toBe(8);
    for (let i = 9; i < 20; i++) {
      second.step();
      expect(second.getLastLr()).toEqual([whole[i]]);
    }
  });

  it("refuses a state of other groups, and what is no state", () => {
    const one = new LambdaLR(optimizer(1), () => 1);
    const two = new LambdaLR(optimizer(1, 2), () => 1);
    expect(() => two.loadStateDict(one.stateDict())).toThrow(/is of 1 parameter groups, and the optimizer has 2/);
    const wrong = [{}, { ...one.stateDict(), last_epoch: -1 }, { ...one.stateDict(), _last_lr: [null] }];
    for (const state of wrong) expect(() => one.loadStateDict(state as never)).toThrow(/Not a schedule's state/);
  });

  it("takes any function of the step, and refuses one that gives no number", () => {
    const target = optimizer(2);
    const schedule = new LambdaLR(target, (step) => 1 / (1 - step));
    expect(target.paramGroups[0].lr).toBe(2);
    expect(() => schedule.step()).toThrow(/factor for step 1 is Infinity/);
  });
});
