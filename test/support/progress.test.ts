import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { formatDuration, Progress, type ProgressOptions } from "../../src/support/progress.js";
import { cutToWidth, displayWidth, Terminal } from "../../src/support/terminal.js";

/** A terminal that plays what is written to it on a screen of one growing column of lines. */
class Screen {
  lines = [""];
  text = "";
  readonly isTTY: boolean;
  columns: number;
  constructor(isTTY: boolean, columns = 80) {
    this.isTTY = isTTY;
    this.columns = columns;
  }
  write(text: string): void {
    this.text += text;
    for (const [token] of text.replaceAll("\u001b[K", "␛").matchAll(/[␛\r\n]|[^␛\r\n]+/g)) {
      const last = this.lines.length - 1;
      if (token === "\n") this.lines.push("");
      else if (token === "\r") this.atStart = true;
      else if (token === "␛") {
        if (this.atStart) this.lines[last] = "";
      } else {
        this.lines[last] = (this.atStart ? "" : this.lines[last]) + token;
        this.atStart = false;
      }
      if (displayWidth(this.lines[this.lines.length - 1]) >= this.columns) throw new Error("the line wraps");
    }
  }
  private atStart = true;
}

function start(screen: Screen, options: ProgressOptions = {}) {
  const clock = { seconds: 100 };
  const terminal = new Terminal(screen);
  return { clock, terminal, progress: new Progress({ ...options, terminal, now: () => clock.seconds }) };
}

const environment = { ...process.env };
afterEach(() => {
  process.env = { ...environment };
});

describe("Progress on a terminal", () => {
  it("keeps one line, with bar, time left, rate and fields", () => {
    const screen = new Screen(true, 100);
    const { clock, progress } = start(screen, { description: "train", total: 40, unit: "steps" });
    for (let i = 1; i <= 10; i++) {
      clock.seconds += 0.5;
      progress.advance(1, { loss: 0.6912345, lr: 4.9e-5, epoch: 1 });
    }
    expect(screen.lines).toEqual([
      "train   25%  [=      ]  10/40 steps  0:05  0:15 left  2.00 steps/s  loss 0.6912  lr 4.9e-5  epoch 1",
    ]);
    progress.update(40, { loss: undefined, lr: undefined, epoch: undefined });
    clock.seconds += 15;
    progress.end();
    expect(screen.lines).toEqual([
      "train  100%  [==============================]  40/40 steps  0:20  2.00 steps/s",
      "",
    ]);
  });

  it("draws at most ten times a second", () => {
    const screen = new Screen(true);
    const { clock, progress } = start(screen, { total: 1000 });
    for (let i = 0; i < 1000; i++) {
      clock.seconds += 0.001;
      progress.advance();
    }
    expect(screen.text.split("\r").length).toBeLessThanOrEqual(13);
    expect(progress.completed).toBe(1000);
  });

  it("never wraps: the bar shrinks, then fields are left out, whole ones", () => {
    for (let columns = 2; columns < 90; columns++) {
      const screen = new Screen(true, columns);
      const { clock, progress } = start(screen, { description: "学習", total: 7 });
      clock.seconds += 1;
      progress.advance(3, { loss: 1.5, note: "データ" });
      progress.end();
      expect(displayWidth(screen.lines[0])).toBeLessThan(columns);
      if (columns > 24) expect(screen.lines[0]).toMatch(/ steps$|0:01$|s\/s$|loss 1\.500$|データ$/);
    }
  });

  it("prints log lines above the live line", () => {
    const screen = new Screen(true);
    const { clock, terminal, progress } = start(screen, { description: "map", unit: "rows" });
    clock.seconds += 1;
    progress.update(5);
    terminal.writeLine("a warning");
    expect(screen.lines).toEqual(["a warning", "map  5 rows  0:01  5.00 rows/s"]);
    progress.end();
    terminal.writeLine("after");
    expect(screen.lines).toEqual(["a warning", "map  5 rows  0:01  5.00 rows/s", "after", ""]);
  });

  it("shows a nested display and comes back to the outer one", () => {
    const screen = new Screen(true);
    const { clock, terminal, progress } = start(screen, { description: "train", total: 2 });
    const inner = new Progress({ description: "eval", total: 4, leave: false, terminal, now: () => clock.seconds });
    expect(screen.lines[0]).toMatch(/^eval/);
    inner.end();
    inner.end();
    expect(screen.lines).toHaveLength(1);
    expect(screen.lines[0]).toMatch(/^train/);
    progress.end();
  });

  it("estimates from the recent past, and not from what a resumed run had done before", () => {
    const screen = new Screen(true, 120);
    const { clock, progress } = start(screen, { total: 10_000, initial: 5_000 });
    for (let i = 0; i < 100; i++) {
      clock.seconds += 1;
      progress.advance(1);
    }
    expect(screen.lines[0]).toMatch(/1\.00 steps\/s/);
    for (let i = 0; i < 300; i++) {
      clock.seconds += 1;
      progress.advance(4);
    }
    expect(screen.lines[0]).toMatch(/4\.00 steps\/s/);
  });
});

describe("Progress elsewhere", () => {
  it("prints whole lines at intervals and one at the end", () => {
    const screen = new Screen(false, 1000);
    const { clock, progress } = start(screen, { description: "train", total: 100, lineInterval: 10 });
    for (let i = 0; i < 100; i++) {
      clock.seconds += 0.25;
      progress.advance(1, { loss: 1 / (i + 1) });
    }
    progress.end();
    expect(screen.text).toBe(
      [
        "train   40%  40/100 steps  0:10  0:15 left  4.00 steps/s  loss 0.02500\n",
        "train   80%  80/100 steps  0:20  0:05 left  4.00 steps/s  loss 0.01250\n",
        "train  100%  100/100 steps  0:25  4.00 steps/s  loss 0.01000\n",
      ].join(""),
    );
  });

  it("says what a slow unit takes", () => {
    const screen = new Screen(false, 1000);
    const { clock, progress } = start(screen, { total: 3, unit: "shards" });
    clock.seconds += 12;
    progress.advance();
    expect(screen.text).toBe(" 33%  1/3 shards  0:12  0:24 left  12.0 s/shard\n");
  });

  it("expects what takes minutes to take as long again, however long it was ago", () => {
    const screen = new Screen(false, 1000);
    const { clock, progress } = start(screen, { total: 4, unit: "trials" });
    for (let i = 0; i < 10; i++) {
      clock.seconds += 30;
      if (i === 4) progress.advance();
      else progress.update(progress.completed);
    }
    expect(screen.text.trimEnd().split("\n").at(-1)).toBe(" 25%  1/4 trials  5:00  15:00 left  300 s/trial");
  });

  it("says nothing in silent mode, or where logging is below info", () => {
    const screen = new Screen(true);
    start(screen, { mode: "silent" }).progress.end();
    process.env.ATTUNE_LOG = "warn";
    start(screen).progress.end();
    expect(screen.text).toBe("");
  });

  it("keeps no process alive when it is not ended", () => {
    const source = fileURLToPath(new URL("../../src/support/progress.ts", import.meta.url));
    const tsx = new URL("../../node_modules/tsx/dist/loader.mjs", import.meta.url).href;
    const body = `const { Progress } = await import(${JSON.stringify(source)}); new Progress({ total: 3, mode: "live" }).advance();`;
    const args = ["--import", tsx, "--input-type=module", "-e", body];
    const run = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 30_000 });
    expect(run.status).toBe(0);
    expect(run.stderr).toContain("0/3 steps");
  });
});

describe("widths and durations", () => {
  it("counts columns as terminals do", () => {
    expect(displayWidth("naïve")).toBe(5);
    expect(displayWidth("e\u0301")).toBe(1);
    expect(displayWidth("日本")).toBe(4);
    expect(displayWidth("😀")).toBe(2);
    expect(cutToWidth("日本", 3)).toBe("日");
    expect(cutToWidth("a😀b", 2)).toBe("a");
  });

  it("writes durations as clocks do", () => {
    expect([0, 59.6, 75, 3600, 36_061].map(formatDuration)).toEqual(["0:00", "1:00", "1:15", "1:00:00", "10:01:01"]);
    expect(formatDuration(Number.POSITIVE_INFINITY)).toBe("?");
  });
});
