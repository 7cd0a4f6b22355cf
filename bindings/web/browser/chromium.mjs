// Starts the Chromium of this machine, without its background chatter, with a profile that is thrown away.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

/** Where Chromium is: MONALIVE_CHROMIUM, or the usual places; undefined where there is none. */
export function chromiumPath() {
  return process.env.MONALIVE_CHROMIUM ?? PLACES.find((place) => existsSync(place));
}

/**
 * A browser window.
 * @param {{camera?: string, viewport?: {width: number, height: number}, args?: string[]}} options `camera`: a .mjpeg
 *   or .y4m file that plays as the webcam.
 * @returns {Promise<{context: import("playwright-core").BrowserContext, close: () => Promise<void>}>}
 */
export async function openChromium({ camera, args = [], ...context } = {}) {
  const executablePath = chromiumPath();
  if (!executablePath) throw new Error("Chromium was not found: install it, or set MONALIVE_CHROMIUM to its path.");
  const profile = mkdtempSync(path.join(tmpdir(), "monalive-chromium-"));
  const fake = camera
    ? ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${camera}`, "--use-fake-ui-for-media-stream"]
    : [];
  const opened = await chromium.launchPersistentContext(profile, {
    executablePath, headless: true, args: [...FLAGS, ...fake, ...args], ...context,
  });
  return {
    context: opened,
    close: async () => {
      await opened.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}
