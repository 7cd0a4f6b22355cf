// LiteRT.js against onnxruntime-web on the animate network, in one run, taking turns.
//
//   npm install --no-save onnxruntime-web@1.30.0
//   node browser/runtimes.mjs FOLDER [ROUNDS]
//
// FOLDER is what `monalive-export ... --to litert,onnx --precision fp32,int8` wrote: animate_{fp32,int8,int8-static}.{tflite,onnx}.
import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { openChromium } from "./chromium.mjs";
import { serve } from "./static_server.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const packages = path.join(here, "..", "node_modules");
const [folder, rounds = "20"] = process.argv.slice(2);
if (!folder || !existsSync(path.join(folder, "animate_int8.tflite"))) {
  console.error("usage: node browser/runtimes.mjs FOLDER [ROUNDS], FOLDER with animate_int8.tflite and so on");
  process.exit(2);
}
const out = path.join(here, "..", "build", "runtimes");
await build({
  entryPoints: [path.join(here, "runtimes_worker.js")], bundle: true, format: "iife", outdir: out,
  external: ["/ort/*"], logLevel: "error",
});
const server = await serve({
  "/": out, "/litert/": path.join(packages, "@litertjs/core/wasm"), "/ort/": path.join(packages, "onnxruntime-web/dist"),
  "/models/": folder, "/page/": here,
});
const browser = await openChromium();
try {
  const page = await browser.context.newPage();
  page.on("console", (message) => console.error(message.text()));
  await page.goto(`${server.url}/page/blank.html`);
  const rows = await page.evaluate(
    ([url, count]) =>
      new Promise((resolve, reject) => {
        const worker = new Worker(url);
        worker.onmessage = (event) => resolve(event.data);
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(count);
      }),
    [`${server.url}/runtimes_worker.js`, Number(rounds)],
  );
  console.table(rows);
} finally {
  await browser.close();
  server.close();
}
