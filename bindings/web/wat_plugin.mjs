// For esbuild: a .wat file (WebAssembly text) is imported as the bytes of its module.
import { readFile } from "node:fs/promises";
import path from "node:path";
import createWabt from "wabt";

/** @type {import("esbuild").Plugin} */
export const watPlugin = {
  name: "wat",
  setup({ onLoad }) {
    onLoad({ filter: /\.wat$/ }, async ({ path: file }) => {
      const wabt = await createWabt();
      const module = wabt.parseWat(path.basename(file), await readFile(file, "utf8"), { simd: true });
      try {
        return { contents: module.toBinary({}).buffer, loader: "binary" };
      } finally {
        module.destroy();
      }
    });
  },
};
