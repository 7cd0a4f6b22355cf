// Builds the package (dist/), the page that `monalive ui` serves (sdk/monalive/ui/static/), or with "tests" the tests.
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { watPlugin } from "./wat_plugin.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..");
const shared = { bundle: true, target: "es2022", logLevel: "warning", absWorkingDir: here, plugins: [watPlugin] };

if (process.argv[2] === "tests") {
  rmSync(path.join(here, "build", "tests"), { recursive: true, force: true });
  const tests = readdirSync(path.join(here, "tests")).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...shared, entryPoints: tests.map((name) => `tests/${name}`), outdir: "build/tests", platform: "node", format: "esm",
    packages: "external", outExtension: { ".js": ".mjs" }, sourcemap: "inline",
  });
} else {
  // The worker is a classic script: LiteRT.js loads its parts with importScripts.
  const parts = [
    { entryPoints: { monalive: "src/index.ts", client: "src/worker_client.ts" }, format: "esm" },
    { entryPoints: { worker: "src/worker.ts" }, format: "iife" },
  ];
  rmSync(path.join(here, "dist"), { recursive: true, force: true });
  for (const part of parts) await build({ ...shared, ...part, outdir: "dist", sourcemap: true });

  const page = path.join(root, "sdk", "monalive", "ui", "static"), sample = path.join(root, "samples", "web");
  rmSync(page, { recursive: true, force: true });
  mkdirSync(path.join(page, "wasm"), { recursive: true });
  await build({ ...shared, entryPoints: [path.join(sample, "src", "main.ts")], outfile: path.join(page, "main.js"), format: "esm", minify: true });
  await build({ ...shared, entryPoints: ["src/worker.ts"], outfile: path.join(page, "worker.js"), format: "iife", minify: true });
  for (const name of ["index.html", "style.css"]) cpSync(path.join(sample, name), path.join(page, name));
  // With threads, and for browsers without relaxed SIMD (Safari) or pages that may not have threads.
  const wasm = path.join(here, "node_modules", "@litertjs", "core", "wasm");
  for (const kind of ["threaded", "compat"]) {
    for (const suffix of [".js", ".wasm"]) {
      cpSync(path.join(wasm, `litert_wasm_${kind}_internal${suffix}`), path.join(page, "wasm", `litert_wasm_${kind}_internal${suffix}`));
    }
  }
}
