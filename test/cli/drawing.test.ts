// Drawing with characters: lines, marks, axes, what a terminal can and what it must not be given. Expected drawings are by hand.
import { describe, expect, it } from "vitest";
import { axisOver } from "../../src/cli/drawing/axis.js";
import { chart, columnsOf } from "../../src/cli/drawing/chart.js";
import { harmless, type Ink, inkOf, paint } from "../../src/cli/drawing/ink.js";
import { sparkline } from "../../src/cli/drawing/sparkline.js";

const plain: Ink = { colors: false, unicode: true };
const ascii: Ink = { colors: false, unicode: false };

describe("a sparkline", () => {
  it("has a character for each part, from the least to the most", () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8, plain)).toBe("▁▂▃▄▅▆▇█");
    expect(sparkline([6, 5, 4, 3, 2, 1, 0], 7, ascii)).toBe("#*=~-._");
    expect(sparkline([0, 2, 7, 7], 2, plain)).toBe("▁█"); // means of pairs
    expect(sparkline([1, 2], 16, plain)).toBe("▁█"); // no more characters than values
  });

  it("takes what is not finite as a gap, and knows nothing and one value", () => {
    expect(sparkline([0, Number.NaN, 7], 3, plain)).toBe("▁ █");
    expect(sparkline([Number.NaN, Infinity], 2, plain)).toBe("  ");
    expect(sparkline([], 8, plain)).toBe("");
    expect(sparkline([3, 3], 8, plain)).toBe("▅▅");
  });
});

describe("an axis", () => {
  const ticks = (values: number[], most: number, log = false) => {
    const axis = axisOver(values, { most, log });
    return axis.ticks.map(axis.label);
  };

  it("names round values", () => {
    expect(ticks([0.03, 0.97], 6)).toEqual(["0.2", "0.4", "0.6", "0.8"]);
    expect(ticks([0, 1377], 4)).toEqual(["0", "500", "1000"]);
    expect(ticks([-3, 3], 4)).toEqual(["-2", "0", "2"]);
    expect(ticks([2e-5, 5e-5], 4)).toEqual(["2e-5", "3e-5", "4e-5", "5e-5"]);
    expect(ticks([1e9, 3e9], 3)).toEqual(["1e9", "2e9", "3e9"]);
    expect(ticks([0.01, 12], 4, true)).toEqual(["0.01", "0.1", "1", "10"]);
    expect(ticks([1e-12, 1], 5, true).length).toBeLessThanOrEqual(5);
  });

  it("has room around a single value, and around none", () => {
    const { low, high, share } = axisOver([5, 5], { most: 3 });
    expect([low < 5, high > 5, share(5)]).toEqual([true, true, 0.5]);
    expect(axisOver([Number.NaN], { most: 3 }).ticks.length).toBeGreaterThan(1);
    expect(axisOver([-0.5], { most: 3 }).low).toBeLessThan(-0.5);
  });
});

describe("a chart", () => {
  it("draws a line from corner to corner", () => {
    const lines = chart([{ x: [0, 10], y: [0, 1] }], { width: 18, height: 7, ink: ascii });
    expect(lines).toEqual([
      "    1.0+        ..",
      "       |      ..", // ten columns by five rows: two columns a row
      "    0.5+    ..",
      "       |  ..",
      "    0.0+..",
      "       ++--------+",
      "        0       10",
    ]);
  });

  it("has eight dots to a character, and marks over them", () => {
    const lines = chart(
      [
        { x: [0, 10], y: [0, 0] },
        { x: [5], y: [1], mark: "●" },
      ],
      { width: 18, height: 5, ink: plain },
    );
    expect(lines[0]).toBe("      1┤     ●"); // 5 of 10 is nearer to the sixth of ten columns
    expect(lines[2]).toBe(`      0┤${"⣀".repeat(10)}`); // the lowest two dots: block 2800 and bits 40 and 80
  });

  it("leaves gaps where values are not finite, and shows nothing that has no logarithm", () => {
    const lines = chart([{ x: [0, 1, 2, 3], y: [1, Number.NaN, -1, 100], mark: "x" }], {
      width: 18,
      height: 6,
      log: true,
      ink: ascii,
    });
    expect(lines.join("\n").match(/x/g)?.length).toBe(2);
    expect(chart([], { width: 30, height: 6, ink: plain }).join("")).not.toMatch(/NaN|Infinity/);
    expect(chart([{ x: [1], y: [Number.NaN] }], { width: 30, height: 6, ink: plain }).join("")).not.toMatch(/NaN/);
  });

  it("colours where it may, and never a line's length", () => {
    const curve = { x: [0, 1], y: [0, 1], color: "red" } as const;
    const [colored] = chart([curve], { width: 18, height: 5, ink: { colors: true, unicode: true } });
    expect(colored).toContain("\x1b[31m");
    expect(chart([curve], { width: 18, height: 5, ink: plain }).join("")).not.toContain("\x1b");
    for (const line of chart([curve], { width: 40, height: 8, ink: plain }))
      expect(line.length).toBeLessThanOrEqual(40);
  });
});

describe("what a terminal is given", () => {
  it("is what it can show", () => {
    const utf8 = { LANG: "en_US.UTF-8", TERM: "xterm" };
    expect(inkOf({ isTTY: true }, utf8)).toEqual({ colors: true, unicode: true });
    expect(inkOf({ isTTY: false }, utf8)).toEqual({ colors: false, unicode: true });
    expect(inkOf({ isTTY: true }, { ...utf8, NO_COLOR: "1" })).toEqual({ colors: false, unicode: true });
    expect(inkOf({}, { ...utf8, FORCE_COLOR: "1" })).toEqual({ colors: true, unicode: true });
    expect(inkOf({ isTTY: true }, { LC_ALL: "C", LANG: "en_US.UTF-8", TERM: "xterm" }).unicode).toBe(false);
    expect(inkOf({ isTTY: true }, { TERM: "dumb" })).toEqual({ colors: false, unicode: false });
    expect(paint(plain, "red", "x")).toBe("x");
  });

  it("never moves its cursor by a name", () => {
    expect(harmless("a\x1b[2Jb\r\nc\u202ed\x9b31m")).toBe("a\ufffd[2Jb\ufffd\ufffdc\ufffdd\ufffd31m");
    expect(harmless("Läufe 日本 😀")).toBe("Läufe 日本 😀");
  });

  it("stands in columns, wide characters and colours with their width", () => {
    const colors: Ink = { colors: true, unicode: true };
    const lines = columnsOf(
      [
        ["日本", "1", "", "x"],
        [paint(colors, "red", "ab"), "10", "", "y"],
      ],
      new Set([1]),
    );
    expect(lines).toEqual(["日本   1  x", "\x1b[31mab\x1b[39m    10  y"]);
  });
});
