// Whether everybody can use the page: the rules of WCAG 2.2 A and AA as axe knows them, in every view, on a desk and on a
// phone, light and dark; contrast of what is drawn on canvases, which axe cannot see; the keyboard alone; no motion where
// none is wanted.
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { AxeResults } from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Dashboard, startDashboard } from "../../src/dashboard/index.js";
import { chromiumPath, launchChromium, whyNoChromium } from "../chromium.js";
import { temporaryFolder } from "../trainer/tiny.js";
import { writeSampleFolder, writeSampleSearch } from "./sample-runs.js";

const isThere = chromiumPath !== undefined;
const { source: axe } = createRequire(import.meta.url)("axe-core") as { source: string };

const VIEWS = [
  { name: "comparison", hash: "#/compare?smooth=0.5", shown: ".charts[data-ready]" },
  { name: "a run", hash: "#/run?id=mrpc-lr0.00005", shown: ".worst li" },
  { name: "a run that failed", hash: "#/run?id=mrpc-hot", shown: ".failure" },
  { name: "a search", hash: "#/search?id=search&keep=0.2-1-weightDecay&sort=learningRate", shown: ".trials-table tr" },
  { name: "no run chosen", hash: "#/compare?none=1", shown: ".empty strong" },
  { name: "an empty folder", hash: "#/compare", shown: ".empty pre" },
] as const;
type View = (typeof VIEWS)[number];
const SIZES = { desk: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } } as const;
const THEMES = ["light", "dark"] as const;

describe.skipIf(!isThere)(isThere ? "everybody" : `everybody (skipped: ${whyNoChromium})`, () => {
  let browser: Browser;
  let dashboard: Dashboard;
  let empty: Dashboard;

  beforeAll(async () => {
    const folder = join(temporaryFolder("accessible"), "runs");
    mkdirSync(folder);
    writeSampleFolder(folder);
    await writeSampleSearch(folder);
    [browser, dashboard, empty] = await Promise.all([
      launchChromium(),
      startDashboard({ folder }),
      startDashboard({ folder: temporaryFolder("accessible-empty") }),
    ]);
    await Promise.all([dashboard.loaded, empty.loaded]);
  });
  afterAll(async () => {
    await browser.close();
    await Promise.all([dashboard.close(), empty.close()]);
  });

  /** What `use` gives for a page of its own, with every folded part of it opened. */
  async function on<Result>(
    { name, hash, shown }: View,
    options: BrowserContextOptions,
    use: (page: Page) => Promise<Result>,
  ): Promise<Result> {
    const context = await browser.newContext({ viewport: SIZES.desk, ...options });
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      const bare = name === "an empty folder";
      await page.goto(`${(bare ? empty : dashboard).url}${hash}`);
      await page.locator(shown).first().waitFor();
      // Before them the page says that it reads.
      if (!bare) await page.locator(".runs li").first().waitFor({ state: "attached" });
      await page.evaluate(`for (const folded of document.querySelectorAll("details")) folded.open = true`);
      return await use(page);
    } finally {
      await context.close();
    }
  }

  for (const size of ["desk", "phone"] as const) {
    it(`breaks no rule of WCAG 2.2 AA in any view, light or dark: ${size}`, async () => {
      for (const view of VIEWS) {
        await on(view, { viewport: SIZES[size] }, async (page) => {
          if (view.name === "comparison") await page.getByRole("button", { name: "Show as a table" }).first().click();
          expect(await violations(page), `${view.name}, light`).toEqual([]);
          await page.emulateMedia({ colorScheme: "dark" }); // which changes nothing but colours
          expect(await violations(page, ["color-contrast"]), `${view.name}, dark`).toEqual([]);
        });
      }
    }, 120_000);
  }

  for (const theme of THEMES) {
    it(`draws lines and letters that stand out from what is behind them: ${theme}`, async () => {
      const colors = await on(VIEWS[0], { colorScheme: theme }, (page) =>
        page.evaluate<Record<string, string>>(COLORS),
      );
      const of = (name: string) => {
        const found = colors[name];
        return found === undefined ? expect.fail(`the style has no --${name}`) : found;
      };
      const lines = Object.keys(colors).filter((name) => name.startsWith("run-"));
      expect(lines.length).toBe(12);
      // WCAG 1.4.11 for what is drawn, 1.4.3 for what is written.
      for (const name of [...lines, "accent", "good", "muted", "faint"]) {
        expect(contrast(of(name), of("card")), `--${name} on --card`).toBeGreaterThanOrEqual(3);
      }
      for (const name of ["muted", "ink", "accent"]) {
        expect(contrast(of(name), of("card")), `--${name} on --card`).toBeGreaterThanOrEqual(4.5);
        expect(contrast(of(name), of("page")), `--${name} on --page`).toBeGreaterThanOrEqual(4.5);
      }
    });
  }

  it("is reached by Tab in all its parts, which show that they have the focus, and left again", async () => {
    for (const view of VIEWS) {
      const { missed, unseen, left } = await on(view, {}, async (page) => {
        const all = await page.evaluate<string[]>(`(${MARK})()`);
        const seen: { readonly id: string; readonly outlined: boolean }[] = [];
        let [gone, nowhere] = [false, 0];
        for (let presses = 0; !gone && presses < 1000; presses++) {
          await page.keyboard.press("Tab");
          const now = await page.evaluate<{ id: string; outlined: boolean } | null>(`(${FOCUS})()`);
          nowhere += now === null ? 1 : 0;
          gone = nowhere > 1 || (seen.length > 0 && now?.id === seen[0]?.id);
          if (now && !gone) seen.push(now);
        }
        const reached = new Set(seen.map(({ id }) => id));
        return {
          missed: all.filter((id) => !reached.has(id)),
          unseen: seen.filter(({ outlined }) => !outlined).map(({ id }) => id),
          left: gone,
        };
      });
      expect(missed, `${view.name}: not reached`).toEqual([]);
      expect(unseen, `${view.name}: without a visible focus`).toEqual([]);
      expect(left, `${view.name}: the keyboard gets out again`).toBe(true);
    }
  }, 120_000);

  it("is used without a pointer: runs chosen, charts zoomed and panned, details opened and closed", async () => {
    await on(VIEWS[0], {}, async (page) => {
      const hash = () => page.evaluate<string>("location.hash");
      await page.getByRole("checkbox", { name: "Show mrpc-hot in the charts" }).press("Space");
      expect(await hash()).toContain("run=mrpc-hot"); // one of the older runs, which are not shown at first
      await page.getByRole("radio", { name: "Step" }).press("ArrowRight");
      expect(await hash()).toContain("axis=time");
      await page.getByRole("slider", { name: "Smoothing" }).press("ArrowRight");
      expect(await hash()).toContain("smooth=0.51");
      await page.getByRole("button", { name: "Zoom in" }).press("Enter");
      expect(await hash()).toContain("from=");
      await page.getByRole("button", { name: "Show all of the axis" }).press("Space");
      expect(await hash()).not.toContain("from=");
      await page.getByRole("application").first().press("l");
      expect(await hash()).toContain("log=loss");
      const more = page.locator("details.more");
      await more.locator("summary").press("Enter");
      expect(await more.getAttribute("open")).toBeNull();
      await more.locator("summary").press("Enter");
      expect(await more.getAttribute("open")).not.toBeNull();
    });
  });

  it("names its charts by what they show, its tables by what they hold", async () => {
    for (const view of VIEWS.slice(0, 4)) {
      const { charts, tables } = await on(view, {}, async (page) => {
        await page
          .getByRole("button", { name: "Show as a table" })
          .first()
          .click({ timeout: 1000 })
          .catch(() => {});
        const named = "[...document.querySelectorAll('.plot:not(:empty)')].map((each) => each.ariaLabel ?? '')";
        const headed =
          "[...document.querySelectorAll('table')].map((each) => [each.caption?.textContent ?? '', each.querySelectorAll('th[scope]').length])";
        return {
          charts: await page.evaluate<string[]>(named),
          tables: await page.evaluate<[string, number][]>(headed),
        };
      });
      for (const name of charts) expect(name, view.name).toMatch(/ over .+: .+ ends at .+\.$/);
      for (const [name, heads] of tables) {
        expect(name, `${view.name}: caption`).not.toBe("");
        expect(heads, `${view.name}: heads of ${name}`).toBeGreaterThan(0);
      }
      expect(charts.length + tables.length, view.name).toBeGreaterThan(0);
    }
  });

  it("moves nothing where less motion is wanted", async () => {
    const moving = (reducedMotion: "reduce" | "no-preference") =>
      on(VIEWS[0], { reducedMotion }, (page) => page.evaluate<number>("document.getAnimations().length"));
    expect(await moving("reduce")).toBe(0);
    expect(await moving("no-preference")).toBeGreaterThan(0); // a run is going on there
  });
});

/** The colours of the style by their names, as the theme has them: `rgb(1, 2, 3)`. */
const COLORS = `(() => {
  const names = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
    .filter((rule) => rule.selectorText === ":root").flatMap((rule) => [...rule.style])
    .filter((name) => name.startsWith("--"));
  const probe = document.body.appendChild(document.createElement("span"));
  return Object.fromEntries(names.map((name) => {
    probe.style.setProperty("color", "var(" + name + ")");
    return [name.slice(2), getComputedStyle(probe).color];
  }));
})()`;

/** Numbers what a keyboard must reach, and gives the numbers with what they stand for. */
const MARK = `() => {
  const all = [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")];
  const usable = all.filter((each) => each.checkVisibility({ visibilityProperty: true }) && !each.disabled &&
    !(each.type === "radio" && !each.checked) && getComputedStyle(each).pointerEvents !== "none");
  return usable.map((each, i) => (each.dataset.mark = i + " " + each.outerHTML.slice(0, 120)));
}`;

/** What has the focus, and whether one sees it; null where the page has not. */
const FOCUS = `() => {
  const now = document.activeElement;
  if (!now || now === document.body) return null;
  const outlined = (each) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  };
  const shown = now.type === "radio" ? now.nextElementSibling : now;
  return { id: now.dataset.mark ?? now.outerHTML.slice(0, 120), outlined: outlined(shown) };
}`;

/** By WCAG: from 1 for no contrast to 21 for black on white. */
function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map((part) => {
    const share = Number(part) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** What axe finds wrong, a line for each element. @param runOnly Default: all of its rules. */
async function violations(page: Page, runOnly?: readonly string[]): Promise<string[]> {
  await page.evaluate(axe);
  const options = JSON.stringify({ resultTypes: ["violations"], runOnly });
  const { violations: found } = (await page.evaluate(`axe.run(document, ${options})`)) as AxeResults;
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`));
}
