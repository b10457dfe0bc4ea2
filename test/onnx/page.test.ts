// The example site in headless Chromium: transformers.js classifies pairs of MRPC there with the exported model, as Attune
// does here; nothing is fetched from anywhere else.
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { loadDataset } from "../../src/datasets/index.js";
import { AutoModelForSequenceClassification } from "../../src/models/index.js";
import { exportOnnx } from "../../src/onnx/index.js";
import { pipeline } from "../../src/pipelines/index.js";
import { AutoTokenizer } from "../../src/tokenizers/index.js";
import { chromiumPath, launchChromium } from "../chromium.js";
import { projectRoot } from "../cli/run.js";
import { expectClose } from "../parity/fixtures.js";
import { describeShared, sharedPath } from "../shared.js";
import { temporaryFolder } from "../trainer/tiny.js";

const PAIRS = 8;

describeShared("the page", () => {
  const scratch = temporaryFolder("page");
  let browser: Browser;
  let site: { readonly url: string; close(): Promise<void> };
  let pairs: { text: string; textPair: string }[];
  let expected: { label: string; score: number }[];

  beforeAll(async () => {
    if (chromiumPath === undefined) return;
    const folder = sharedPath("hub/models/sentence-transformers/all-MiniLM-L6-v2");
    const model = await AutoModelForSequenceClassification.fromPretrained(folder, {
      seed: 3,
      id2label: ["not_equivalent", "equivalent"],
    });
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const { validation } = await loadDataset(sharedPath("hub/datasets/nyu-mll/glue"), "mrpc");
    const { sentence1, sentence2 } = validation.columns(0, PAIRS);
    pairs = sentence1.map((text, i) => ({ text: String(text), textPair: String(sentence2[i]) }));
    expected = await (await pipeline("text-classification", model, { tokenizer }))(pairs);
    await exportOnnx(model, join(scratch, "exported"), { tokenizer });
    site = await buildAndServe(join(scratch, "exported"), join(scratch, "site"));
    browser = await launchChromium();
  }, 300_000);

  afterAll(async () => {
    await browser?.close();
    await site?.close();
  });

  const reason =
    chromiumPath === undefined ? " (skipped: no Chromium; apt-get install chromium, or CHROMIUM_PATH)" : "";
  it.skipIf(chromiumPath === undefined)(
    `classifies pairs as Attune does, in float32 and in int8${reason}`,
    async () => {
      const page = await browser.newPage();
      const strangers: string[] = [];
      page.on("request", (request) => {
        const url = request.url();
        if (!url.startsWith(site.url) && !/^(?:data|blob):/.test(url)) strangers.push(url);
      });
      const exact = await classify(page, "fp32");
      expect(exact.map(({ label }) => label)).toEqual(expected.map(({ label }) => label));
      const scores = expected.map(({ score }) => score);
      expectClose(
        exact.map(({ score }) => score),
        scores,
        1e-4,
        "scores",
      );
      const quantized = await classify(page, "q8");
      // a score may be that of the other label where both are nearly as probable
      const ofFirst = quantized.map(({ label, score }, i) => (label === expected[i].label ? score : 1 - score));
      expectClose(ofFirst, scores, 0.03, "scores in int8");
      expect(strangers).toEqual([]);
    },
  );

  async function classify(page: Page, dtype: string): Promise<{ label: string; score: number }[]> {
    await page.goto(`${site.url}/?dtype=${dtype}`);
    await page.fill("textarea", pairs.map(({ text, textPair }) => `${text} | ${textPair}`).join("\n"));
    await page.click("button:not([disabled])", { timeout: 100_000 });
    await page.waitForFunction(`/^(${PAIRS} pairs|Failed)/.test(document.querySelector("output").textContent)`, {
      timeout: 100_000,
    });
    expect(await page.textContent("output")).toMatch(/^8 pairs/);
    const rows = await page.locator("tbody tr").all();
    return Promise.all(
      rows.map(async (row) => {
        const [label, score] = await row.locator("td").allTextContents();
        return { label, score: Number(score) };
      }),
    );
  }
});

/** The site as `vite build` makes it, and `vite preview` serves it. */
async function buildAndServe(model: string, outDir: string): Promise<{ url: string; close(): Promise<void> }> {
  const { build, preview } = await import("vite");
  process.env.MODEL = model;
  const common = { root: join(projectRoot, "examples/browser"), logLevel: "error" as const };
  await build({ ...common, build: { outDir, emptyOutDir: true } });
  const server = await preview({ ...common, build: { outDir }, preview: { port: 0, host: "127.0.0.1" } });
  const address = server.httpServer.address();
  if (address === null || typeof address === "string") throw new Error("the preview server has no port");
  return { url: `http://127.0.0.1:${address.port}`, close: () => server.close() };
}
