/** Who drives, against the golden vectors. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Landmarks } from "../src/crop.js";
import { DriverRule } from "../src/driver_rule.js";
import { golden, landmarksOf } from "./golden.js";

const wanted = golden("driver.json"), points = landmarksOf(golden("faces.json")[wanted.landmarks]);
const [width, height] = wanted.picture_size;

/** The landmarks of a face in a frame: its centre, how much larger, and how much further its height is stretched. */
function faceAt([x, y, scale, stretch]: [number, number, number, number]): Landmarks {
  const centre = [0, 0, 0], moved = new Float32Array(points.length), count = points.length / 3;
  for (const [i, value] of points.entries()) centre[i % 3]! += value / count;
  for (const [i, value] of points.entries()) {
    const times = i % 3 === 1 ? scale * (1 + stretch) : scale;
    moved[i] = (value - centre[i % 3]!) * times + [x, y, 0][i % 3]!;
  }
  return moved;
}

for (const { name, which, frames } of wanted.cases) {
  test(`who drives: ${name}`, () => {
    const rule = new DriverRule(which);
    for (const { time_ms, faces, driver } of frames) {
      assert.equal(rule.drive(faces.map(faceAt), time_ms, width, height) ?? null, driver, `at ${time_ms} ms`);
    }
  });
}

test("no such choice", () => {
  for (const which of ["left", -1, 1.5, null]) assert.throws(() => new DriverRule(which as number), /"auto", "largest", "moving" or a number/);
});
