import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { PNG } from "pngjs";
import type { FaceSquare } from "../src/mark_faces.js";
import { type FoundMark, searchMark } from "../src/mark_search.js";
import type { Picture } from "../src/picture.js";
import { ROOT } from "./golden.js";

interface Case {
  readonly name: string;
  readonly files: readonly string[];
  readonly faces: readonly FaceSquare[];
  readonly mark: Omit<FoundMark, "release"> | null;
}

const python = process.env["MONALIVE_PYTHON"];
const skip = python ? false : "set MONALIVE_PYTHON to a Python that has the SDK";

test("encoded pictures are read as the SDK reads them", { skip }, async (context) => {
  const folder = mkdtempSync(path.join(tmpdir(), "monalive-marks-"));
  context.after(() => rmSync(folder, { recursive: true }));
  execFileSync(python!, [path.join(ROOT, "tests/support/marked_pictures.py"), folder], { stdio: ["ignore", "ignore", "inherit"] });
  const cases = JSON.parse(readFileSync(path.join(folder, "expected.json"), "utf8")) as Case[];
  assert.equal(cases.filter(({ mark }) => mark?.id === "51c3").length, cases.length - 1);
  for (const { name, files, faces, mark } of cases) {
    await context.test(name, async () => {
      const found = await searchMark(files.map((file) => pictureOf(path.join(folder, file))), faces);
      assert.equal(found === null, mark === null);
      if (!found || !mark) return;
      const { tilePixels, ...said } = mark;
      assert.deepEqual({ id: found.id, belongs: found.belongs, mirrored: found.mirrored }, said);
      assert.ok(Math.abs(found.tilePixels - tilePixels) < 0.005 * tilePixels, `a tile of ${found.tilePixels}, not ${tilePixels}`);
    });
  }
});

function pictureOf(file: string): Picture {
  const { width, height, data } = PNG.sync.read(readFileSync(file));
  return { width, height, data: Uint8ClampedArray.from(data) };
}
