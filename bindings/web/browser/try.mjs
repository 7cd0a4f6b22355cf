import { openChromium } from "./chromium.mjs";
const url = process.argv[2];
const b = await openChromium({ viewport: { width: 1200, height: 900 } });
const page = await b.context.newPage();
page.on("console", (m) => console.log("console:", m.text().slice(0, 300)));
page.on("pageerror", (e) => console.log("pageerror:", String(e).slice(0, 500)));
const t0 = Date.now();
await page.goto(url);
await page.check("input[value=artwork]", { force: true });
for (let i = 0; i < 40; i++) {
  await new Promise((r) => setTimeout(r, 1000));
  const s = await page.evaluate(() => [document.getElementById("status").textContent, document.getElementById("alert").textContent, document.getElementById("rate").textContent]);
  console.log((Date.now() - t0) / 1000, JSON.stringify(s));
  if (s[2] || (s[1] && i > 3)) { if (i > 12) break; }
}
await page.screenshot({ path: "/tmp/webtry/desktop.png" });
await b.close();
