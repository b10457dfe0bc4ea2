// A hundred runs of a hundred thousand points: how long until they are seen, and how long a frame takes while they are
// panned, in headless Chromium without a GPU.
import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { startDashboard } from "../../src/dashboard/index.js";
import type { RunLogLine } from "../../src/trainer/run-log.js";
import { chromiumPath, launchChromium, whyNoChromium } from "../chromium.js";
import { temporaryFolder } from "../trainer/tiny.js";

const RUNS = 100;
const POINTS = 100_000;

function writeLargeRun(folder: string, index: number): void {
  const place = join(folder, `run-${String(index).padStart(3, "0")}`);
  mkdirSync(place);
  const file = openSync(join(place, "attune_log.jsonl"), "w");
  const best = { key: "eval_loss", greater: false };
  const began = Date.UTC(2026, 0, 1) + index * 60_000;
  const start: RunLogLine = {
    event: "start",
    time: began,
    step: 0,
    rows: 0,
    maxSteps: POINTS,
    epochs: 10,
    host: "elsewhere",
    pid: 1,
    best,
  };
  let text = `${JSON.stringify(start)}\n`;
  let state = index + 1;
  for (let step = 1; step <= POINTS; step++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const noise = state / 2 ** 32;
    const loss = 0.3 + 0.5 * Math.exp((-step / POINTS) * (3 + index / 50)) + 0.2 * noise;
    text += `{"event":"log","time":${began + 100 * step},"step":${step},"epoch":${step / 10_000},"tokens":${800 * step},"values":{"loss":${loss},"grad_norm":${1 + noise},"learning_rate":${5e-5 * (1 - step / POINTS)}},"figures":{"tokens_per_second":${8000 + 100 * noise},"padding_share":0.3,"memory":1500000000}}\n`;
    if (step % 10_000 === 0) {
      text += `{"event":"log","time":${began + 100 * step},"step":${step},"epoch":${step / 10_000},"tokens":${800 * step},"values":{"eval_loss":${0.4 + 0.1 * noise}},"figures":{}}\n`;
    }
    if (text.length < 1 << 20) continue;
    writeSync(file, text);
    text = "";
  }
  const end: RunLogLine = { event: "end", time: began, step: POINTS, outcome: "finished" };
  writeSync(file, `${text}${JSON.stringify(end)}\n`);
  closeSync(file);
}

it.skipIf(chromiumPath === undefined)(
  chromiumPath === undefined
    ? `a hundred large runs (skipped: ${whyNoChromium})`
    : "a hundred runs of a hundred thousand points open in 2 s and pan in 50 ms a frame",
  { timeout: 900_000 },
  async () => {
    const folder = temporaryFolder("large");
    for (let i = 0; i < RUNS; i++) writeLargeRun(folder, i);
    const started = performance.now();
    const dashboard = await startDashboard({ folder });
    await dashboard.loaded;
    const read = (performance.now() - started) / 1000;
    const browser = await launchChromium();
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      page.setDefaultTimeout(300_000);
      const opening = performance.now();
      await page.goto(`${dashboard.url}#/compare?runs=*`);
      await page.locator(".charts[data-ready]").waitFor();
      await page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
      const opened = (performance.now() - opening) / 1000;
      expect(await page.locator('.chart[data-key="loss"] canvas').count()).toBe(1);

      for (let i = 0; i < 4; i++) await page.getByRole("button", { name: "Zoom in" }).click();
      await page.waitForTimeout(2000);
      const box = await page.locator('.chart[data-key="loss"] .u-over').boundingBox();
      if (!box) return expect.fail("the chart has no box");
      await page.evaluate(`
        window.frames_ = [];
        let last = performance.now();
        const next = (now) => { window.frames_.push(now - last); last = now; window.panning = requestAnimationFrame(next); };
        window.panning = requestAnimationFrame(next);
      `);
      await page.keyboard.down("Shift");
      await page.mouse.move(box.x + 0.9 * box.width, box.y + 60);
      await page.mouse.down();
      for (let i = 0; i < 200; i++)
        await page.mouse.move(box.x + (0.9 - 0.8 * (Math.abs(100 - i) / 100)) * box.width, box.y + 60);
      await page.mouse.up();
      await page.keyboard.up("Shift");
      const frames = (await page.evaluate<number[]>("window.frames_")).slice(2).sort((a, b) => a - b);
      const p95 = frames[Math.floor(0.95 * frames.length)];
      console.log(
        `${RUNS} runs of ${POINTS} points: read in ${read.toFixed(1)} s, opened in ${opened.toFixed(2)} s; ` +
          `${frames.length} frames of panning, median ${frames[frames.length >> 1].toFixed(0)} ms, 95th percentile ${p95.toFixed(0)} ms, ` +
          `longest ${frames.at(-1)?.toFixed(0)} ms; server ${(process.memoryUsage.rss() / 1e9).toFixed(1)} GB`,
      );
      expect(opened).toBeLessThanOrEqual(2);
      expect(p95).toBeLessThanOrEqual(50);
    } finally {
      await browser.close();
      await dashboard.close();
    }
  },
);
