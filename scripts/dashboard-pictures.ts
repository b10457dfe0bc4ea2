// Pictures of the dashboard: every view, at the widths of a phone, a tablet and a desk, in both themes.
//
//   npx tsx scripts/dashboard-pictures.ts --runs runs --output /tmp/pictures
//
// Without --runs: of the folders that the tests of the page use, and of an empty one. The pictures of docs/images are some of
// these, taken of runs that were trained.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Browser, Page } from "playwright-core";
import { type Dashboard, startDashboard } from "../src/dashboard/index.js";
import { listRuns } from "../src/runs/index.js";
import { launchChromium } from "../test/chromium.js";
import { writeSampleFolder, writeSampleSearch } from "../test/dashboard/sample-runs.js";

const WIDTHS = { phone: [390, 844], tablet: [820, 1180], desktop: [1440, 900] } as const;
const THEMES = ["light", "dark"] as const;

interface View {
  readonly name: string;
  readonly hash: string;
  /** What stands there once the view is whole. */
  readonly shown: string;
  /** What is done before the picture is taken. */
  readonly prepare?: (page: Page) => Promise<void>;
}

const { values: given } = parseArgs({
  options: {
    runs: { type: "string" },
    output: { type: "string" },
    view: { type: "string", multiple: true },
    width: { type: "string", multiple: true },
    theme: { type: "string", multiple: true },
    /** As much as the window shows, instead of the whole page. */
    window: { type: "boolean", default: false },
  },
});
const output = given.output ?? "pictures";
mkdirSync(output, { recursive: true });
const scratch = mkdtempSync(join(tmpdir(), "attune-pictures-"));
const folder = given.runs ?? (await sampleFolder());
const browser = await launchChromium();
try {
  await take(browser, folder, await viewsOf(folder));
  const empty = join(scratch, "empty");
  mkdirSync(empty);
  await take(browser, empty, [{ name: "empty", hash: "#/compare", shown: ".empty strong" }]);
} finally {
  await browser.close();
  rmSync(scratch, { recursive: true, force: true });
}

async function sampleFolder(): Promise<string> {
  const runs = join(scratch, "runs");
  mkdirSync(runs);
  writeSampleFolder(runs);
  await writeSampleSearch(runs);
  return runs;
}

/** The views of a folder: its first search, its run with the most to show, and one that failed where there is one. */
async function viewsOf(runs: string): Promise<View[]> {
  const all = await listRuns(runs);
  const own = all.filter(({ id }) => !/(?:^|\/)run-\d+$/.test(id));
  const finished = own.find(({ status, best }) => status === "finished" && best !== undefined) ?? own[0];
  const failed = all.find(({ status }) => status === "failed");
  const trial = all.find(({ id }) => /\/run-\d+$/.test(id));
  const chosen = own.slice(0, 8).map(({ id }) => `run=${encodeURIComponent(id)}`);
  const compare = `#/compare?${chosen.join("&")}`;
  const run = `#/run?id=${encodeURIComponent(finished.id)}`;
  const search = `#/search?id=${encodeURIComponent(trial?.id.replace(/\/run-\d+$/, "") ?? "")}`;
  return [
    { name: "compare", hash: compare, shown: ".charts[data-ready]" },
    { name: "smoothed", hash: `${compare}&smooth=0.8&axis=tokens&log=loss`, shown: ".charts[data-ready]" },
    { name: "table", hash: compare, shown: ".charts[data-ready]", prepare: showTable },
    { name: "run", hash: run, shown: ".worst li" },
    { name: "evaluation", hash: run, shown: ".worst li", prepare: showEvaluation },
    { name: "manifest", hash: run, shown: ".worst li", prepare: showManifest },
    ...(failed
      ? [{ name: "failed", hash: `#/run?id=${encodeURIComponent(failed.id)}`, shown: ".charts[data-ready]" }]
      : []),
    ...(trial
      ? [
          { name: "search", hash: search, shown: ".trials-table tbody tr" },
          { name: "narrowed", hash: `${search}&keep=0.5-1-%3D`, shown: ".trials-table tbody tr" },
        ]
      : []),
  ];
}

async function showTable(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Show as a table" }).first().click();
  await point(page);
}

/** A pointer over the first chart, so that its values stand beside it. */
async function point(page: Page): Promise<void> {
  const box = await page.locator(".u-over").first().boundingBox();
  if (box) await page.mouse.move(box.x + 0.6 * box.width, box.y + 0.5 * box.height);
}

async function showEvaluation(page: Page): Promise<void> {
  await page.locator("section[aria-labelledby=evaluations]").evaluate((section) => section.scrollIntoView());
}

async function showManifest(page: Page): Promise<void> {
  await page.locator("section[aria-labelledby=manifest] summary").click();
}

async function take(browser: Browser, runs: string, views: readonly View[]): Promise<void> {
  const dashboard = await startDashboard({ folder: runs });
  await dashboard.loaded;
  try {
    for (const width of Object.keys(WIDTHS) as (keyof typeof WIDTHS)[]) {
      for (const theme of THEMES) {
        if (given.width?.includes(width) === false || given.theme?.includes(theme) === false) continue;
        for (const view of views) {
          if (given.view?.includes(view.name) === false) continue;
          await picture(browser, dashboard, view, width, theme);
        }
      }
    }
  } finally {
    await dashboard.close();
  }
}

async function picture(
  browser: Browser,
  { url }: Dashboard,
  view: View,
  size: keyof typeof WIDTHS,
  theme: (typeof THEMES)[number],
): Promise<void> {
  const [width, height] = WIDTHS[size];
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: theme,
    reducedMotion: "reduce",
  });
  try {
    const page = await context.newPage();
    await page.goto(`${url}${view.hash}`);
    await page.locator(view.shown).first().waitFor();
    // Charts that nobody sees are not drawn: the window becomes as long as the page.
    if (!given.window) {
      const whole = await page.evaluate<number>("document.documentElement.scrollHeight");
      await page.setViewportSize({ width, height: Math.min(whole, 6000) });
    }
    await view.prepare?.(page);
    // The folder's name, instead of where it lies on the machine that the pictures are taken on.
    await page.locator(".folder bdi").evaluate((element) => {
      element.textContent = "runs";
    });
    await page.waitForTimeout(500); // what is drawn over several frames
    const path = join(output, `${view.name}-${size}-${theme}.png`);
    await page.screenshot({ path, fullPage: !given.window });
    console.log(path);
  } finally {
    await context.close();
  }
}
