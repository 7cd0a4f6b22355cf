// A file server for measurements and tests: folders under URL prefixes.
import { createReadStream, statSync } from "node:fs";
import { createServer } from "node:http";
import path from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
/** What WASM threads need. */
const ISOLATION = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/**
 * Serves folders on a free port of this machine.
 * @param {Record<string, string>} folders URL prefix ("/wasm/") to folder.
 * @param {{isolated?: boolean}} options `isolated`: with the headers that WASM threads need.
 * @returns {Promise<{url: string, close: () => void}>}
 */
export function serve(folders, { isolated = true } = {}) {
  const server = createServer((request, response) => {
    const url = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
    const prefix = Object.keys(folders).sort((a, b) => b.length - a.length).find((each) => url.startsWith(each));
    const file = prefix && path.join(folders[prefix], path.normalize("/" + url.slice(prefix.length)));
    if (!file || !statSync(file, { throwIfNoEntry: false })?.isFile()) return response.writeHead(404).end();
    response.writeHead(200, {
      "Content-Type": TYPES[path.extname(file)] ?? "application/octet-stream", ...(isolated ? ISOLATION : {}),
    });
    createReadStream(file).pipe(response);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () =>
      resolve({ url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }));
  });
}
