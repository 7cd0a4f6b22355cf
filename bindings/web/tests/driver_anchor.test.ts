/** What a driver is counted from, against the golden vectors. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { DriverAnchor, type Reference } from "../src/driver_anchor.js";
import { departures, faceMeasures } from "../src/neutral_face.js";
import type { Picture } from "../src/picture.js";
import { farthest, golden, landmarksOf } from "./golden.js";

const faces = golden("faces.json"), { measures, departed, frames, sequences } = golden("driver_anchor.json");
const known = [faces.portrait, faces.three_quarter_portrait, ...faces.driver].map(landmarksOf);

test("faces measure what they measure in Python", () => {
  const made = known.map(faceMeasures);
  made.forEach((values, index) => assert.ok(farthest(values, measures[index]) < 1e-3, `${values}`));
  assert.ok(farthest(departures(made), departed) < 1e-2);
});

for (const { reference, anchored } of sequences) {
  test(`a driver counted from ${reference}`, () => {
    const anchor = new DriverAnchor(reference as Reference), made: unknown[] = [];
    frames.forEach(([index, shift, level, asked]: [number, number, number, boolean], number: number) => {
      if (asked) anchor.ask();
      const face = index < 0 ? undefined : known[index]!.map((value, i) => (i % 3 === 0 ? value + shift : value));
      const anchoring = anchor.next(grey(level), face, number * 100);
      if (anchoring) made.push([number, Number(anchoring.landmarks[3]!.toFixed(2)), anchoring.glideMs, anchoring.afterCut]);
    });
    assert.deepEqual(made, anchored);
  });
}

test("other references are refused", () => {
  for (const reference of ["last", -1, 0.5, NaN] as never[]) {
    assert.throws(() => new DriverAnchor(reference), /the reference must be 'neutral'/);
  }
});

function grey(level: number): Picture {
  const data = new Uint8ClampedArray(32 * 24 * 4).fill(level);
  return { width: 32, height: 24, data };
}
