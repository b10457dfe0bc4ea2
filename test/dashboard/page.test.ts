// The dashboard's page in a real browser: every view, live, after its server went away, with keys, with what runs may
// hold that is meant badly.
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Dashboard, type DashboardOptions, startDashboard } from "../../src/dashboard/index.js";
import { writeSearch } from "../../src/search/record.js";
import { chromiumPath, launchChromium, whyNoChromium } from "../chromium.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { appendRow, writeSampleFolder, writeSampleRun, writeSampleSearch } from "./sample-runs.js";

const isThere = chromiumPath !== undefined;

describe.skipIf(!isThere)(isThere ? "the page" : `the page (skipped: ${whyNoChromium})`, () => {
  let browser: Browser;
  const dashboards: Dashboard[] = [];
  const pages: Page[] = [];
  /** What the browser complained about: errors of scripts, and breaches of the policy. */
  const complaints: string[] = [];
  const sample = join(temporaryFolder("page"), "runs");

  beforeAll(async () => {
    mkdirSync(sample);
    writeSampleFolder(sample);
    browser = await launchChromium();
  });
  afterEach(async () => {
    for (const page of pages.splice(0)) await page.context().close();
    for (const dashboard of dashboards.splice(0)) await dashboard.close();
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(() => browser.close());

  async function serve(folder: string, options: Partial<DashboardOptions> = {}): Promise<Dashboard> {
    const dashboard = await startDashboard({ folder, interval: 50, ...options });
    dashboards.push(dashboard);
    await dashboard.loaded;
    return dashboard;
  }

  /** A page of its own on a view. */
  async function open({ url }: Dashboard, hash = "", options: BrowserContextOptions = {}): Promise<Page> {
    const viewport = { width: 1280, height: 900 };
    const context = await browser.newContext({ viewport, acceptDownloads: true, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      const text = message.text();
      if (message.type() === "error" && !/net::ERR|Failed to load resource/.test(text)) complaints.push(text);
    });
    pages.push(page);
    await page.goto(`${url}${hash}`);
    return page;
  }

  const chart = (page: Page, key: string) => page.locator(`.chart[data-key="${key}"]`);
  const ready = (page: Page) => page.locator(".charts[data-ready]").waitFor();
  const hashOf = async (page: Page) => decodeURIComponent(await page.evaluate<string>("location.hash"));
  const visit = (page: Page, hash: string) => page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
  const textOf = async (page: Page, selector: string) => (await page.locator(selector).allInnerTexts()).join("\n");

  it("compares runs: charts in groups, the list with status, what differs; the token leaves the address", async () => {
    const page = await open(await serve(sample));
    await ready(page);
    expect(page.url()).not.toContain("token");
    expect(await page.locator(".runs li").count()).toBe(7);
    expect(await textOf(page, ".runs")).toMatch(/mrpc-hot\s+failed/);
    expect(await page.locator(".charts h2").allInnerTexts()).toEqual([
      "Loss",
      "Metrics",
      "Optimizer",
      "Speed and memory",
    ]);
    for (const key of [
      "loss",
      "eval_accuracy",
      "learning_rate",
      "grad_norm",
      "tokens_per_second",
      "memory",
      "padding_share",
    ]) {
      expect(await chart(page, key).locator("canvas").count(), key).toBe(1);
    }
    const differs = await textOf(page, ".compare");
    expect(differs).toContain("learningRate");
    expect(differs).toContain("perDeviceTrainBatchSize");
    expect(differs).not.toContain("lrSchedulerType"); // the same in all
    await page.getByRole("checkbox", { name: "Show mrpc-hot in the charts" }).uncheck();
    await page.locator(".compare thead").filter({ hasNotText: "mrpc-hot" }).waitFor();
    expect(await hashOf(page)).toContain("run=mrpc-stopped");
    await page.getByRole("button", { name: "None" }).click();
    await page.getByText("No run is chosen.").waitFor();
    await page.getByRole("searchbox").fill("lr0.0000");
    expect(await page.locator(".runs li:visible").count()).toBe(3);
    await page.getByRole("button", { name: "All", exact: true }).first().click();
    await page.locator(".compare thead", { hasText: "mrpc-lr0.00005" }).waitFor();
  });

  it("holds its view in its address: axis, smoothing, logarithm, part of the axis, runs", async () => {
    const dashboard = await serve(sample);
    const page = await open(
      dashboard,
      "#/compare?run=mrpc-lr0.00005&run=mrpc-hot&axis=time&smooth=0.5&log=loss&from=20&to=60",
    );
    await ready(page);
    expect(await page.getByRole("radio", { name: "Time" }).isChecked()).toBe(true);
    expect(await page.getByRole("slider", { name: "Smoothing" }).inputValue()).toBe("0.5");
    expect(await page.getByRole("button", { name: "Log axis: Training loss" }).getAttribute("aria-pressed")).toBe(
      "true",
    );
    expect(await textOf(page, ".run-list summary")).toBe("Runs (2 of 7 shown)");
    await page.getByRole("radio", { name: "Tokens" }).check({ force: true });
    await page.getByRole("button", { name: "Zoom in" }).click();
    const hash = await hashOf(page);
    expect(hash).toMatch(/axis=tokens.*smooth=0\.5.*log=loss.*from=.*to=/);
    const again = await open(dashboard, await page.evaluate<string>("location.hash"));
    await ready(again);
    expect(await hashOf(again)).toBe(hash);
    expect(await again.getByRole("radio", { name: "Tokens" }).isChecked()).toBe(true);
  });

  it("shows a run: how it stands, evaluations with confusion, calibration and worst rows, checkpoints, manifest", async () => {
    const page = await open(await serve(sample));
    await page.getByRole("link", { name: "mrpc-lr0.00005" }).click();
    await page.getByRole("heading", { level: 1, name: /mrpc-lr0\.00005/ }).waitFor();
    await page.locator(".worst li").first().waitFor();
    expect(await textOf(page, ".facts-grid")).toMatch(/600 of 600/);
    expect(await page.locator(".confusion tbody tr").first().innerText()).toMatch(/^not_equivalent/);
    expect(await page.locator("svg.square").getAttribute("aria-label")).toMatch(
      /^Calibration curve: of \d+ predictions/,
    );
    expect(await textOf(page, ".worst")).toContain("sentence1");
    expect(await page.locator(".worst li").count()).toBe(20);
    await page.getByLabel("of", { exact: true }).selectOption({ label: "step 200" });
    await page.getByText("at step 200, epoch").waitFor();
    expect(await hashOf(page)).toContain("eval=eval-00000200.json");
    const checkpoints = await textOf(page, "section[aria-labelledby=checkpoints] table");
    expect(checkpoints).toMatch(/checkpoint-600[^\n]*★ best/);
    await page.getByText("Versions, machine, arguments, model, data").click();
    expect(await textOf(page, "pre")).toContain('"attune": "0.1.0"');
    await visit(page, "#/run?id=mrpc-hot");
    await page.getByRole("alert").filter({ hasText: "the loss of step 130 is NaN" }).waitFor();
    await page.getByRole("link", { name: "← All runs" }).click();
    await page.locator(".compare").waitFor();
  });

  it("keeps axis, smoothing and the chosen runs from a view to the next", async () => {
    const page = await open(await serve(sample), "#/compare?run=mrpc-lr0.00005&run=mrpc-hot&axis=time&smooth=0.5");
    await ready(page);
    await page.getByRole("link", { name: "mrpc-lr0.00005" }).click();
    await page.getByRole("heading", { level: 1, name: /mrpc-lr0\.00005/ }).waitFor();
    expect(await hashOf(page)).toMatch(/^#\/run\?id=mrpc-lr0\.00005&.*axis=time&smooth=0\.5$/);
    expect(await textOf(page, ".run-list summary")).toBe("Runs (2 of 7 shown)");
    await page.getByRole("link", { name: "← All runs" }).click();
    await page.locator(".compare").waitFor();
    expect(await hashOf(page)).toBe("#/compare?run=mrpc-lr0.00005&run=mrpc-hot&axis=time&smooth=0.5");
    await page.goBack();
    await page.getByRole("heading", { level: 1, name: /mrpc-lr0\.00005/ }).waitFor();
    await page.getByRole("link", { name: "Attune" }).click();
    await page.locator(".compare").waitFor();
    expect(await hashOf(page)).toBe("#/compare");
  });

  it("tells runs of one name apart, in the list, in what charts say and in what differs", async () => {
    const folder = temporaryFolder("twins");
    for (const [name, runName] of [
      ["a/base", "base"],
      ["b/base", "base"],
      ["third", "base"],
      ["fourth", "other"],
    ])
      writeSampleRun(folder, { name, runName, until: 100 });
    const page = await open(await serve(folder));
    await ready(page);
    const names = ["a/base", "b/base", "base (third)", "other"];
    expect((await page.locator(".runs a").allInnerTexts()).sort()).toEqual(names);
    expect((await page.locator(".compare thead th").allInnerTexts()).sort()).toEqual(names);
    const said = await chart(page, "loss").getByRole("application").getAttribute("aria-label");
    for (const name of names) expect(said).toContain(`${name} ends at`);
  });

  it("shows a search: parallel coordinates with handles, what mattered, trials in a table that is sorted; live", async () => {
    const folder = temporaryFolder("searched");
    const record = await writeSampleSearch(folder);
    const page = await open(await serve(folder));
    await page.getByRole("link", { name: "search", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "Search search" }).waitFor();
    const trials = page.locator(".trials-table tbody tr");
    await trials.first().waitFor();
    const names = async () => (await trials.locator("th").allInnerTexts()).map((text) => text.split(/\s/)[0]);
    expect(await page.locator(".trial").count()).toBe(19); // one waits
    expect(await trials.count()).toBe(20);
    const done = record.trials.filter(({ state }) => state === "complete");
    const best = done.toSorted((a, b) => (b.objective ?? 0) - (a.objective ?? 0)).map(({ name }) => name);
    expect((await names()).slice(0, best.length)).toEqual(best);
    expect(await trials.first().innerText()).toContain("★ best");
    expect(await textOf(page, ".importance")).toMatch(/learningRate\s+\d+ %/);
    expect(await textOf(page, ".search-view .facts-grid")).toMatch(/18 of 20 done/);

    await page.getByRole("button", { name: "learningRate" }).press("Enter");
    expect(await page.getByRole("columnheader", { name: "learningRate" }).getAttribute("aria-sort")).toBe("ascending");
    const byRate = record.trials.toSorted((a, b) => Number(a.params.learningRate) - Number(b.params.learningRate));
    expect(await names()).toEqual(byRate.map(({ name }) => name));
    expect(await page.evaluate("document.activeElement.textContent")).toBe("learningRate ↑");

    const least = page.getByRole("slider", { name: "perDeviceTrainBatchSize: least that is kept" });
    await least.press("ArrowUp");
    await least.press("ArrowUp");
    expect(await least.getAttribute("aria-valuetext")).toBe("32");
    const large = record.trials.filter(
      ({ params, state }) => params.perDeviceTrainBatchSize === 32 && state !== "waiting",
    );
    await page.getByText(`${large.length} of 19 trials are kept.`).waitFor();
    expect(new Set(await names())).toEqual(new Set(large.map(({ name }) => name)));
    expect(await page.locator(".trial:not(.out)").count()).toBe(large.length);
    const again = await open(dashboards[0], await page.evaluate<string>("location.hash"));
    await again.getByText(`${large.length} of 19 trials are kept.`).waitFor();
    await page.getByRole("link", { name: "Compare their curves" }).click();
    await ready(page);
    expect(await textOf(page, ".run-list summary")).toBe(`Runs (${large.length} of 19 shown)`);

    await visit(page, "#/search?id=search");
    await writeSearch(join(folder, "search"), { ...record, trials: record.trials.slice(0, 19), nTrials: 19 });
    await page.getByText("18 of 19 done").waitFor();
    writeFileSync(join(folder, "search", "search.json"), "{");
    await page.getByRole("alert").filter({ hasText: "search.json is damaged" }).waitFor();
    await visit(page, "#/run?id=search/run-3");
    await page.getByRole("link", { name: "← Search search" }).click();
    await page.getByRole("heading", { level: 1, name: "Search search" }).waitFor();
    await visit(page, "#/search?id=nowhere");
    await page.getByText("The search nowhere is not there any more.").waitFor();
  });

  it("is used with the keyboard, and says what it shows", async () => {
    const page = await open(await serve(sample), "#/compare?run=mrpc-lr0.00005");
    await ready(page);
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("To the charts");
    const plot = chart(page, "loss").getByRole("application");
    expect(await plot.getAttribute("aria-label")).toMatch(/^Training loss over step: mrpc-lr0\.00005 ends at 0\.\d+/);
    await plot.focus();
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    expect(await chart(page, "loss").locator(".readout").innerText()).toMatch(/^step 10: mrpc-lr0\.00005 0\.\d+$/);
    await page.keyboard.press("+");
    const zoomed = new URLSearchParams((await hashOf(page)).split("?")[1]);
    expect(Number(zoomed.get("from"))).toBeCloseTo(5 + 595 * 0.2, 3);
    await page.keyboard.press("Shift+ArrowRight");
    const panned = new URLSearchParams((await hashOf(page)).split("?")[1]);
    expect(Number(panned.get("from"))).toBeCloseTo(5 + 595 * 0.26, 3);
    await page.keyboard.press("0");
    expect(await hashOf(page)).not.toContain("from=");
    await page.getByRole("button", { name: "Show as a table: Training loss" }).press("Enter");
    expect(await chart(page, "loss").getByRole("rowheader").first().innerText()).toBe("step 5");
  });

  it("zooms where a pointer drags, and pans with shift", async () => {
    const page = await open(await serve(sample));
    await ready(page);
    const box = await chart(page, "loss").locator(".u-over").boundingBox();
    if (!box) return expect.fail("the chart has no box");
    const drag = async (from: number, to: number) => {
      await page.mouse.move(box.x + from * box.width, box.y + 60);
      await page.mouse.down();
      await page.mouse.move(box.x + ((from + to) / 2) * box.width, box.y + 60);
      await page.mouse.move(box.x + to * box.width, box.y + 60);
      await page.mouse.up();
    };
    const range = async () => {
      const given = new URLSearchParams((await hashOf(page)).split("?")[1]);
      return [Number(given.get("from")), Number(given.get("to"))];
    };
    await drag(0.25, 0.75);
    const [from, to] = await range();
    expect(Math.abs(from - (5 + 0.25 * 595))).toBeLessThan(8);
    expect(Math.abs(to - (5 + 0.75 * 595))).toBeLessThan(8);
    await page.keyboard.down("Shift");
    await drag(0.5, 0.25);
    await page.keyboard.up("Shift");
    const [later] = await range();
    expect(Math.abs(later - from - 0.25 * (to - from))).toBeLessThan(8);
  });

  it("is zoomed with two fingers, and panned with one", async () => {
    const page = await open(await serve(sample), "", { hasTouch: true, viewport: { width: 390, height: 844 } });
    await ready(page);
    const over = chart(page, "loss").locator(".u-over");
    await over.scrollIntoViewIfNeeded();
    const box = await over.boundingBox();
    if (!box) return expect.fail("the chart has no box");
    const devtools = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", ...shares: number[]) =>
      devtools.send("Input.dispatchTouchEvent", {
        type,
        touchPoints: shares.map((share, id) => ({ x: box.x + share * box.width, y: box.y + 100, id })),
      });
    const range = async () => {
      const given = new URLSearchParams((await hashOf(page)).split("?")[1]);
      return [Number(given.get("from")), Number(given.get("to"))];
    };
    /** How far the part that is shown is from another, once the address has come to rest. */
    const off = (from: number, to: number) => async () => {
      const shown = await range();
      return Math.max(Math.abs(shown[0] - from), Math.abs(shown[1] - to));
    };
    await touch("touchStart", 0.4, 0.6);
    for (const apart of [0.25, 0.3, 0.35, 0.4]) await touch("touchMove", 0.5 - apart, 0.5 + apart);
    await touch("touchEnd");
    // What lay between 0.4 and 0.6 lies between 0.1 and 0.9: a quarter of the axis around its middle.
    await expect.poll(off(5 + 595 * 0.375, 5 + 595 * 0.625), { timeout: 60_000 }).toBeLessThan(8);
    await touch("touchStart", 0.8);
    for (const share of [0.7, 0.6, 0.5, 0.4, 0.3]) await touch("touchMove", share);
    await touch("touchEnd");
    await expect.poll(off(5 + 595 * 0.5, 5 + 595 * 0.75), { timeout: 60_000 }).toBeLessThan(20);
  });

  it("goes on while runs do: new values, new runs, runs that are gone", async () => {
    const folder = join(temporaryFolder("live"), "runs");
    mkdirSync(folder);
    writeSampleRun(folder, { name: "first", status: "running", until: 300 });
    const page = await open(await serve(folder));
    await ready(page);
    await page.getByText("300 / 600").waitFor();
    appendRow(folder, "first", 305, { loss: 0.4321 });
    await page.getByText("305 / 600").waitFor();
    await page.locator('.chart[data-key="loss"] [aria-label*="ends at 0.4321"]').waitFor();
    writeSampleRun(folder, { name: "second", seed: 3 });
    await page.locator('.runs li[data-run="second"]').waitFor();
    await visit(page, "#/run?id=second");
    await page.locator(".worst li").first().waitFor();
    rmSync(join(folder, "second"), { recursive: true });
    await page.getByText("The run second is not there any more.").waitFor();
    expect(await page.locator(".runs li").count()).toBe(1);
  });

  it("finds its server again after that was away, and what happened meanwhile", async () => {
    const folder = join(temporaryFolder("restart"), "runs");
    mkdirSync(folder);
    writeSampleRun(folder, { name: "first", status: "running", until: 300 });
    const first = await startDashboard({ folder, interval: 50 });
    const page = await open(first);
    await page.getByText("live", { exact: true }).waitFor();
    await first.close();
    await page.getByText("connection lost, trying again…").waitFor();
    appendRow(folder, "first", 310, { loss: 0.4 });
    await serve(folder, { port: first.port, token: first.token });
    await page.getByText("310 / 600").waitFor();
    await page.getByText("live", { exact: true }).waitFor();
  });

  it("says that a new link is needed where the token is another", async () => {
    const first = await startDashboard({ folder: sample, interval: 50 });
    const page = await open(first);
    await page.getByText("live", { exact: true }).waitFor();
    await first.close();
    await serve(sample, { port: first.port });
    await page.getByRole("alert").filter({ hasText: "Open the link that `attune dashboard` has printed" }).waitFor();
  });

  it("says what to do in an empty folder, and fills when a run begins", async () => {
    const folder = temporaryFolder("nothing");
    const page = await open(await serve(folder));
    await page.getByText("There are no runs in this folder yet.").waitFor();
    const [train, search] = await page.getByRole("region", { name: /^Command/ }).allInnerTexts();
    expect(train).toContain(`attune train --model bert-base-uncased --data reviews.csv --output ${folder}/first`);
    expect(search).toContain("attune search");
    writeSampleRun(folder, { name: "begun", status: "running", until: 100 });
    await ready(page);
  });

  it("shows a run whose log is damaged, and says so", async () => {
    const folder = temporaryFolder("damaged");
    writeSampleRun(folder, { name: "damaged", until: 200, status: "running" });
    appendFileSync(join(folder, "damaged", "attune_log.jsonl"), 'nonsense\n{"event":"log","time":1,"step":"x"}\n');
    appendRow(folder, "damaged", 205, { loss: Number.NaN });
    const page = await open(await serve(folder));
    await page.getByText("2 damaged lines").waitFor();
    await ready(page);
    expect(await chart(page, "loss").locator("canvas").count()).toBe(1);
  });

  it("draws a single value as a point, and says what a chart cannot draw", async () => {
    const folder = temporaryFolder("odd");
    for (const name of ["single", "signs", "silent"]) writeSampleRun(folder, { name, until: 0, status: "running" });
    appendRow(folder, "single", 10, { loss: 0.5 });
    for (const [i, loss] of [2, 0, -1, 0.5].entries()) appendRow(folder, "signs", i + 1, { loss });
    const page = await open(await serve(folder), "#/run?id=single");
    await ready(page);
    // Whether anything but the axes is there: a run's colour.
    const drawn = `(() => {
      const canvas = document.querySelector(".chart[data-key=loss] canvas");
      const probe = document.querySelector('.runs li[data-run="single"] input');
      const [r, g, b] = getComputedStyle(probe).borderTopColor.match(/\\d+/g).map(Number);
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let i = 0; i < data.length; i += 4) if (data[i] === r && data[i + 1] === g && data[i + 2] === b) return true;
      return false;
    })()`;
    await page.waitForFunction(drawn);
    await visit(page, "#/compare?run=signs&log=loss");
    await page.getByText("Not drawn: values that are zero or less, of signs.").waitFor();
    await visit(page, "#/compare?run=signs");
    await page.getByText("Not drawn").waitFor({ state: "detached" });
    await visit(page, "#/run?id=silent");
    await page.getByText("Nothing has been logged yet.").waitFor();
  });

  it("shows markup in names, columns and texts as text", async () => {
    const folder = temporaryFolder("markup");
    const evil = '<img src=x onerror="document.title=1"><script>alert(1)</script>';
    writeSampleRun(folder, { name: "evil", runName: evil, classes: [evil, "b"] });
    const path = join(folder, "evil", "evaluations", "eval-00000600.json");
    const details = JSON.parse(await readFile(path, "utf8")) as { worst: { texts: object }[] };
    details.worst[0].texts = { [evil]: evil };
    writeFileSync(path, JSON.stringify(details));
    appendRow(folder, "evil", 605, { [`eval_${evil}`]: 1 });
    const page = await open(await serve(folder), "#/run?id=evil");
    await page.locator(".worst li").first().waitFor();
    expect(await page.locator("h1").innerText()).toContain(evil);
    expect(await page.locator(".worst .text").first().innerText()).toContain(evil);
    expect(await page.locator("main img[src], main script").count()).toBe(0);
    expect(await page.title()).toContain(evil);
  });

  it("saves a chart as SVG and every point as CSV", async () => {
    const page = await open(await serve(sample), "#/compare?run=mrpc-lr0.00005&run=mrpc-hot");
    await ready(page);
    const save = async (name: string) => {
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
      return { name: file.suggestedFilename(), text: await readFile(await file.path(), "utf8") };
    };
    const picture = await save("Save as SVG: Training loss");
    expect(picture.name).toBe("loss.svg");
    expect(picture.text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(picture.text.match(/class="line" stroke="#\w+" d="M/g)).toHaveLength(4); // two lines, two in the legend
    // The page's own policy lets nobody parse markup there.
    const blank = await page.context().newPage();
    const parse = `new DOMParser().parseFromString(${JSON.stringify(picture.text)}, "image/svg+xml")`;
    expect(await blank.evaluate(`${parse}.querySelector("parsererror") === null`)).toBe(true);
    const memory = await save("Save as SVG: Memory");
    expect(memory.text).toMatch(/>1\.\d+ GB<\/text>/);
    await page.getByRole("slider", { name: "Smoothing" }).fill("0.6");
    const raw = async () => (await save("Save as SVG: Training loss")).text.match(/class="line raw"/g)?.length;
    await expect.poll(raw, { timeout: 30_000 }).toBe(2); // the values themselves, behind
    const points = await save("Save every point as CSV: Training loss");
    expect(points.text.trimEnd().split("\n")).toHaveLength(1 + 120 + 26);
  });

  it("fits a phone, in both themes", async () => {
    const dashboard = await serve(sample);
    const page = await open(dashboard);
    await page.setViewportSize({ width: 390, height: 844 });
    for (const [hash, shown] of [
      ["#/compare", ".compare"],
      ["#/run?id=mrpc-lr0.00005", ".worst"],
    ]) {
      await visit(page, hash);
      await page.locator(shown).waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth"), hash).toBeLessThanOrEqual(390);
    }
    await visit(page, "#/compare?run=mrpc-lr0.00005&run=mrpc-hot");
    await page.locator(".compare").waitFor();
    expect(await page.getByRole("list", { name: "Runs in the charts" }).getByRole("link").allInnerTexts()).toEqual([
      "mrpc-hot",
      "mrpc-lr0.00005",
    ]);
    const over = chart(page, "loss").locator(".u-over");
    for (const share of [0.02, 0.45, 0.6, 0.98]) {
      // Until the charts have the width of the phone: they are drawn anew while the page is.
      const pointed = async () => {
        await over.scrollIntoViewIfNeeded();
        const box = await over.boundingBox();
        await page.mouse.move(1, 1);
        if (box && box.width < 390) await page.mouse.move(box.x + share * box.width, box.y + 60);
        return chart(page, "loss").locator(".tip").isVisible();
      };
      await expect.poll(pointed, { timeout: 60_000 }).toBe(true);
      expect(await page.evaluate("document.documentElement.scrollWidth"), `pointed at ${share}`).toBeLessThanOrEqual(
        390,
      );
    }
    const background = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
    const light = await background();
    await page.getByRole("button", { name: "Theme: auto" }).click();
    await page.getByRole("button", { name: "Theme: light" }).click();
    await page.getByRole("button", { name: "Theme: dark" }).waitFor();
    expect(await background()).not.toBe(light);
  });
});
