// Runs the app that tests/web/test_package.py built with the npm package, and prints what happened as JSON.
//
//   node browser/package_check.mjs APP DATA ROUNDS
//
// APP is the built app, DATA holds default.bundle, sample.jpg and laugh.motion. The app is opened with and without cross-origin
// isolation; then animators are made and let go of ROUNDS times.
import { readdirSync, readFileSync } from "node:fs";
import { openChromium } from "./chromium.mjs";
import { serve } from "./static_server.mjs";

const [app, data, rounds] = process.argv.slice(2);
if (!rounds) {
  console.error("usage: node browser/package_check.mjs APP DATA ROUNDS");
  process.exit(2);
}
const PATIENCE = Number(process.env.MONALIVE_PATIENCE_S ?? 120) * 1000;
const folders = { "/": app, "/data/": data };
const browser = await openChromium();
const result = { errors: [] };

async function opened(isolated, use) {
  const server = await serve(folders, { isolated }), page = await browser.context.newPage(), said = [];
  page.setDefaultTimeout(PATIENCE);
  page.on("pageerror", (error) => result.errors.push(String(error)));
  page.on("console", (message) => said.push(message.text()));
  page.on("response", (response) => response.status() >= 400 && !response.url().endsWith("favicon.ico") && result.errors.push(`${response.status()} ${response.url()}`));
  await page.goto(`${server.url}/index.html`);
  await page.waitForFunction(() => globalThis.app);
  try {
    return { ...await use(page), said: said.filter((text) => text.startsWith("monalive")) };
  } finally {
    await page.close();
    server.close();
  }
}

/** MB that all processes of this browser have in memory. */
function memory() {
  const parents = new Map(), sizes = new Map();
  for (const id of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = readFileSync(`/proc/${id}/status`, "utf8");
      parents.set(id, /^PPid:\s+(\d+)/m.exec(status)[1]);
      sizes.set(id, Number(/^RssAnon:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024);
    } catch { /* it ended meanwhile */ }
  }
  const ours = (id) => id === String(process.pid) || (parents.has(id) && ours(parents.get(id)));
  return [...sizes].filter(([id]) => id !== String(process.pid) && ours(id)).reduce((sum, [, size]) => sum + size, 0);
}

try {
  result.isolated = await opened(true, (page) => page.evaluate(() => globalThis.app.play()));
  result.open = await opened(false, (page) => page.evaluate(() => globalThis.app.play()));
  result.rounds = await opened(true, async (page) => {
    const megabytes = [], session = await browser.context.newCDPSession(page);
    for (let round = 0; round < Number(rounds); round++) {
      await page.evaluate(() => globalThis.app.round());
      await session.send("HeapProfiler.collectGarbage");
      megabytes.push(Math.round(memory()));
    }
    await page.waitForTimeout(1000);
    return { megabytes, workers: page.workers().length };
  });
  console.log(JSON.stringify(result));
} finally {
  await browser.close();
}
