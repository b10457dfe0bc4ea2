// Patterns on the names of parameters.
import { describe, expect, it } from "vitest";
import { matchingNames } from "../../src/nn/index.js";

const names = [
  "bert.embeddings.word.weight",
  "bert.layer.0.weight",
  "bert.layer.10.bias",
  "bert.layer.1.bias",
  "head.bias",
];

describe("matchingNames", () => {
  it.each([
    ["head.bias", ["head.bias"]],
    ["bert.layer.1", ["bert.layer.1.bias"]],
    ["bert.embeddings", ["bert.embeddings.word.weight"]],
    ["*.bias", ["bert.layer.10.bias", "bert.layer.1.bias", "head.bias"]],
    ["bert.layer.*.bias", ["bert.layer.10.bias", "bert.layer.1.bias"]],
    ["*layer*", ["bert.layer.0.weight", "bert.layer.10.bias", "bert.layer.1.bias"]],
    [/layer\.[01]\./g, ["bert.layer.0.weight", "bert.layer.1.bias"]],
  ])("%s", (pattern, expected) => {
    expect(matchingNames(names, pattern)).toEqual(expected);
    expect(matchingNames(names, pattern)).toEqual(expected); // a global expression keeps no place
  });

  it("refuses a pattern that matches nothing, and names what is near", () => {
    expect(() => matchingNames(names, "bert.embedings")).toThrow(
      /no parameter matches "bert.embedings"; did you mean "bert.embeddings"\?/,
    );
    expect(() => matchingNames(names, "*.gamma")).toThrow(
      /no parameter matches "\*.gamma".*bert.embeddings.word.weight/,
    );
    expect(() => matchingNames(names, /^classifier/)).toThrow(/no parameter matches \/\^classifier\//);
    expect(() => matchingNames(names, "")).toThrow(/no parameter matches ""/);
  });
});
