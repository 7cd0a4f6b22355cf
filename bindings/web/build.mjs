// Builds the page that `monalive ui` serves (sdk/monalive/ui/static/), with "package" the package (dist/), with "tests" the tests.
import { cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { watPlugin } from "./wat_plugin.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, "..", "..");
const shared = {
  bundle: true, target: "es2022", logLevel: "warning", absWorkingDir: here, plugins: [watPlugin],
  nodePaths: [path.join(here, "node_modules")], // the page's sources lie outside this folder
};
// The worker is a classic script: LiteRT.js loads its parts with importScripts.
const classic = { format: "iife", define: { "import.meta.url": "self.location.href" } };

if (process.argv[2] === "tests") {
  rmSync(path.join(here, "build", "tests"), { recursive: true, force: true });
  const tests = readdirSync(path.join(here, "tests")).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...shared, entryPoints: tests.map((name) => `tests/${name}`), outdir: "build/tests", platform: "node", format: "esm",
    packages: "external", outExtension: { ".js": ".mjs" }, sourcemap: "inline",
  });
} else if (process.argv[2] === "package") {
  const dist = path.join(here, "dist");
  rmSync(dist, { recursive: true, force: true });
  await build({ ...shared, entryPoints: { monalive: "src/index.ts" }, format: "esm", outdir: "dist", sourcemap: true });
  await build({ ...shared, entryPoints: { worker: "src/worker.ts" }, ...classic, outdir: "dist", sourcemap: true });
  copyWasm(dist);
  cpSync(path.join(root, "LICENSE"), path.join(here, "LICENSE"));
} else {
  const page = path.join(root, "sdk", "monalive", "ui", "static"), sample = path.join(root, "samples", "web");
  rmSync(page, { recursive: true, force: true });
  await build({
    ...shared, entryPoints: { main: path.join(sample, "src", "main.ts") }, outdir: page, format: "esm", splitting: true, minify: true,
    legalComments: "linked", // some packages' licences ask for their notices
  });
  await build({ ...shared, entryPoints: ["src/worker.ts"], outfile: path.join(page, "worker.js"), ...classic, minify: true });
  for (const name of ["index.html", "style.css"]) cpSync(path.join(sample, name), path.join(page, name));
  copyWasm(page);
}

/** With threads, and for browsers without relaxed SIMD (Safari) or pages that may not have threads. */
function copyWasm(to) {
  const wasm = path.join(here, "node_modules", "@litertjs", "core", "wasm");
  mkdirSync(path.join(to, "wasm"), { recursive: true });
  for (const kind of ["threaded", "compat"]) {
    for (const suffix of [".js", ".wasm"]) {
      cpSync(path.join(wasm, `litert_wasm_${kind}_internal${suffix}`), path.join(to, "wasm", `litert_wasm_${kind}_internal${suffix}`));
    }
  }
}
