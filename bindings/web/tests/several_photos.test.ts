/** Several photos of one person: which one serves, and how another is laid over the first. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Landmarks, SquareCrop } from "../src/crop.js";
import { aligned, matchingCrop } from "../src/photo_alignment.js";
import { PhotoChoice } from "../src/photo_choice.js";
import { newPicture, type Picture } from "../src/picture.js";
import { farthest, golden, landmarksOf } from "./golden.js";

const POINTS = 478;
/** A mouth whose corner (point 0) lies at x, and whose lips (1 and 2) are so far open. */
function mouth(x: number, open: number): Float32Array {
  const face = new Float32Array(POINTS * 2);
  face.set([x, 0, 0, 0, 0, open]);
  return face;
}

const choice = (...faces: Float32Array[]): PhotoChoice => new PhotoChoice(faces, [0, 1, 2], [[1, 2]]);
const near = (values: readonly number[], wanted: readonly number[]): void => assert.ok(farthest(values, wanted) < 1e-6, `${values}`);

test("the nearest photo is taken, at once for a picture of its own, in a fade from frame to frame", () => {
  const made = choice(mouth(0, 0), mouth(20, 0));
  near(made.gates(mouth(18, 0), Infinity), [0, 1]);
  const fading = choice(mouth(0, 0), mouth(20, 0)), part = 1 - Math.exp(-40 / 93);
  near(fading.gates(mouth(18, 0), 40), [1 - part, part]);
  near(fading.gates(mouth(18, 0), 40), [(1 - part) ** 2, 1 - (1 - part) ** 2]);
});

test("another photo must be clearly nearer: faces do not flicker", () => {
  const made = choice(mouth(0, 0), mouth(20, 0));
  near(made.gates(mouth(10.5, 0), Infinity), [1, 0]);
  near(made.gates(mouth(12, 0), Infinity), [0, 1]);
  near(made.gates(mouth(9.5, 0), Infinity), [0, 1]);
});

test("a photo that shows what is behind the lips is worth more than a nearer one that does not", () => {
  // Closed, 4 pixels of lip away; or open wide enough, but with its corner elsewhere.
  near(choice(mouth(0, 0), mouth(8, 5)).gates(mouth(0, 4), Infinity), [0, 1]);
  near(choice(mouth(0, 3.9), mouth(8, 5)).gates(mouth(0, 4), Infinity), [1, 0]); // open enough itself
  near(choice(mouth(0, 0), mouth(8, 5)).gates(mouth(0, -4), Infinity), [1, 0]); // shut: nothing to see
});

const face = landmarksOf(golden("faces.json").portrait), crop = new SquareCrop(40, 30, 160);
const scaled = (scale: number, x: number, y: number): Landmarks => face.map((value, i) => value * scale + [x, y, 0][i % 3]!);

/** Levels that grow to the right and down, in units of a crop, times a gain. */
function ramp(width: number, height: number, { x, y, side }: SquareCrop, gain: number, offset: number): Picture {
  const picture = newPicture(width, height);
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      const level = 90 + 40 * ((u + 0.5 - x) / side) + 20 * ((v + 0.5 - y) / side);
      for (let channel = 0; channel < 3; channel++) picture.data[(v * width + u) * 4 + channel] = level * gain + offset;
    }
  }
  return picture;
}

test("a face twice as large elsewhere is laid so that the heads coincide, in the first photo's colours", () => {
  const first = { photo: ramp(240, 220, crop, 1, 0), landmarks: face, crop };
  const otherCrop = new SquareCrop(2 * crop.x + 12, 2 * crop.y - 7, 2 * crop.side), landmarks = scaled(2, 12, -7);
  assert.ok(farthest(Object.values(matchingCrop(landmarks, first)), [otherCrop.x, otherCrop.y, otherCrop.side]) < 1e-3);
  const laid = aligned(ramp(520, 500, otherCrop, 0.8, 25), landmarks, first);
  assert.ok(farthest(laid.landmarks, face) < 1e-2);
  assert.deepEqual([laid.photo.width, laid.photo.height, laid.crop], [240, 220, crop]);
  assert.ok(farthest(laid.photo.data, first.photo.data) <= 3);
});
