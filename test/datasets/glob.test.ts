import { describe, expect, it } from "vitest";
import { matchesGlob } from "../../src/datasets/glob.js";

const cases: [pattern: string, matching: string[], others: string[]][] = [
  ["mrpc/train-*", ["mrpc/train-00000-of-00001.parquet"], ["mrpc/test-0", "mrpc/train-a/b", "x/mrpc/train-0"]],
  ["*.parquet", ["a.parquet"], ["a/b.parquet", "aparquet"]],
  ["**/*.parquet", ["a.parquet", "a/b.parquet", "a/b/c.parquet"], ["a/b.csv"]],
  ["data/**", ["data/a", "data/a/b"], ["data2/a"]],
  ["part-?.parquet", ["part-1.parquet"], ["part-10.parquet", "part-/.parquet"]],
  ["part-[0-2].parquet", ["part-1.parquet"], ["part-3.parquet"]],
  ["part-[!0-2].parquet", ["part-3.parquet"], ["part-1.parquet", "part-/.parquet"]],
  ["{train,dev}.parquet", ["train.parquet", "dev.parquet"], ["test.parquet", "train,dev.parquet"]],
  ["a+b (1).parquet", ["a+b (1).parquet"], ["aab 1.parquet"]],
  ["a,b}.parquet", ["a,b}.parquet"], ["a.parquet"]],
];

describe("matchesGlob", () => {
  it.each(cases)("%s", (pattern, matching, others) => {
    expect(matching.filter((path) => !matchesGlob(path, pattern))).toEqual([]);
    expect(others.filter((path) => matchesGlob(path, pattern))).toEqual([]);
  });
});
