// Chromium as the system has it, for tests of pages: nothing is downloaded. Where there is none, they are skipped.
import { existsSync } from "node:fs";
import type { Browser } from "playwright-core";

const places = [
  process.env.CHROMIUM_PATH ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

/** Its path; undefined where there is none. CHROMIUM_PATH names another. */
export const chromiumPath = places.find((path) => path !== "" && existsSync(path));

export const whyNoChromium = "needs Chromium: apt-get install chromium, or CHROMIUM_PATH";

export async function launchChromium(): Promise<Browser> {
  const { chromium } = await import("playwright-core");
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-default-apps",
      "--disable-extensions",
      "--disable-gpu",
      "--disable-sync",
      "--no-first-run",
      // The sandbox refuses to run as root, as containers do.
      ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
    ],
  });
}
