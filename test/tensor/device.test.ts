import { afterEach, describe, expect, it, vi } from "vitest";
import { currentBackend, setBackend, tensor } from "../../src/tensor/index.js";

afterEach(() => {
  vi.unstubAllEnvs();
  setBackend(undefined)?.close();
});

describe("the backend that tensors are made on", () => {
  it.each([
    ["native", /^native: /],
    ["reference", /^reference: .*float32/],
    ["reference64", /^reference: .*float64/],
  ])("ATTUNE_BACKEND=%s", async (name, description) => {
    vi.stubEnv("ATTUNE_BACKEND", name);
    expect(currentBackend().description).toMatch(description);
    expect(currentBackend()).toBe(currentBackend());
    expect(await tensor([1, 2]).add(1).sum().item()).toBe(5);
  });

  it("is the native one by default", () => {
    vi.stubEnv("ATTUNE_BACKEND", "");
    expect(currentBackend().name).toBe("native");
  });

  it("a name that is none is an error that suggests one", () => {
    vi.stubEnv("ATTUNE_BACKEND", "natve");
    expect(() => currentBackend()).toThrow(/ATTUNE_BACKEND=natve.*did you mean native/);
  });
});
