/** What a driver is counted from, against the golden vectors. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { DriverAnchor, type Reference } from "../src/driver_anchor.js";
import { Motion } from "../src/motion.js";
import { departures, faceMeasures } from "../src/neutral_face.js";
import type { Picture } from "../src/picture.js";
import { PictureChange } from "../src/picture_change.js";
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
    const anchor = new DriverAnchor(reference as Reference), change = new PictureChange(), made: unknown[] = [];
    frames.forEach(([index, shift, level, asked]: [number, number, number, boolean], number: number) => {
      if (asked) anchor.ask();
      const face = index < 0 ? undefined : known[index]!.map((value, i) => (i % 3 === 0 ? value + shift : value));
      const anchoring = anchor.next(face, number * 100, change.becomesAnother(grey(level)));
      if (anchoring) made.push([number, Number(anchoring.landmarks[3]!.toFixed(2)), anchoring.glideMs, anchoring.afterCut]);
    });
    assert.deepEqual(made, anchored);
  });
}

test("a motion counted from another frame", () => {
  const { frames: shown, second_take, cases } = golden("driver_anchor.json").motion;
  const landmarks = shown.map(([index, shift]: [number, number]) => known[index]!.map((value, i) => (i % 3 === 0 ? value + shift : value)));
  const takes = [0, second_take].map((start) => ({ start, reference: landmarks[start]! }));
  const timestampsMs = Float64Array.from(landmarks, (_, index) => index * 100);
  const motion = new Motion({ landmarks, timestampsMs, imageSize: [640, 480], fps: 10, takes });
  for (const { reference, takes: wanted } of cases) {
    const made = motion.withReference(reference).takes.map(({ start, reference: face }) => [start, Number(face[3]!.toFixed(2))]);
    assert.deepEqual(made, wanted, reference);
  }
  assert.throws(() => motion.withReference(landmarks.length), /the motion has 49 frames, counted from 0/);
  for (const other of ["recent", -1, 0.5] as never[]) assert.throws(() => motion.withReference(other), /the reference must be 'neutral'/);
});

test("other references are refused", () => {
  for (const reference of ["last", -1, 0.5, NaN] as never[]) {
    assert.throws(() => new DriverAnchor(reference), /the reference must be 'neutral'/);
  }
});

function grey(level: number): Picture {
  const data = new Uint8ClampedArray(32 * 24 * 4).fill(level);
  return { width: 32, height: 24, data };
}
