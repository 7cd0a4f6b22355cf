/** Where LiteRT.js' files are: two of its builds do for all browsers. */

/** One build: a script and the WebAssembly program that it starts. */
export interface WasmBuild {
  readonly script: string;
  readonly program: string;
}

/** The builds of LiteRT.js that a browser may need. */
export interface WasmFiles {
  /** With threads and relaxed SIMD: for cross-origin isolated pages; also used for one thread. */
  readonly threaded: WasmBuild;
  /** For every other page and browser. */
  readonly compat: WasmBuild;
}

/** Those that lie beside this script, in `wasm/`. Bundlers read these addresses: each must stay whole. */
export function ownWasmFiles(): WasmFiles {
  return {
    threaded: {
      script: new URL("./wasm/litert_wasm_threaded_internal.js", import.meta.url).href,
      program: new URL("./wasm/litert_wasm_threaded_internal.wasm", import.meta.url).href,
    },
    compat: {
      script: new URL("./wasm/litert_wasm_compat_internal.js", import.meta.url).href,
      program: new URL("./wasm/litert_wasm_compat_internal.wasm", import.meta.url).href,
    },
  };
}

/**
 * The wasm files in a folder.
 *
 * @param folder URL of a folder that holds them, ending in a slash; without one, those beside this script.
 */
export function wasmFiles(folder?: string): WasmFiles {
  if (folder === undefined) return ownWasmFiles();
  const build = (kind: string): WasmBuild => {
    const name = `${folder}litert_wasm_${kind}_internal`;
    return { script: `${name}.js`, program: `${name}.wasm` };
  };
  return { threaded: build("threaded"), compat: build("compat") };
}
