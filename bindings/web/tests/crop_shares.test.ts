/** Which of several faces shows where. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { CropShares } from "../src/crop_shares.js";
import { SquareCrop } from "../src/crop.js";
import { newPicture, type Picture } from "../src/picture.js";

const WIDTH = 60, HEIGHT = 20;

function filled(level: number): Picture {
  const picture = newPicture(WIDTH, HEIGHT);
  picture.data.forEach((_, i) => i % 4 < 3 && (picture.data[i] = level));
  return picture;
}

/** Levels along a row of a black photo on which each crop's face has drawn its level. */
function row(crops: readonly SquareCrop[], levels: readonly number[], y = 10): number[] {
  const shares = new CropShares(crops, WIDTH, HEIGHT), picture = filled(0);
  for (const index of shares.order) shares.layOver(picture, index, filled(levels[index]!));
  return Array.from({ length: WIDTH }, (_, x) => picture.data[(y * WIDTH + x) * 4]!);
}

test("crops that stand apart are copied, and nothing else is touched", () => {
  const levels = row([new SquareCrop(0, 0, 20), new SquareCrop(30, 0, 20)], [100, 200]);
  assert.deepEqual(levels, Array.from({ length: WIDTH }, (_, x) => (x < 20 ? 100 : x >= 30 && x < 50 ? 200 : 0)));
});

test("where crops overlap the nearer face shows; in the middle both do in equal parts", () => {
  const crops = [new SquareCrop(0, 0, 20), new SquareCrop(10, 0, 20)], levels = row(crops, [100, 200]);
  assert.ok(Math.abs((levels[14]! + levels[15]!) / 2 - 150) < 1);
  assert.deepEqual([levels[0], levels[9], levels[20], levels[29]], [100, 100, 200, 200]);
  assert.ok(levels[11]! < 105 && levels[18]! > 195);
  for (let x = 10; x < 19; x++) assert.ok(levels[x + 1]! >= levels[x]!);
});

test("the order in which faces are named does not matter", () => {
  const left = new SquareCrop(2.3, -4, 22), right = new SquareCrop(12.7, 1, 19), last = new SquareCrop(20, 0, 20);
  assert.deepEqual(row([left, right, last], [10, 90, 240]), row([last, left, right], [240, 10, 90]));
});

test("crops that reach outside the photo are cut off at its border", () => {
  assert.deepEqual(row([new SquareCrop(-10, -10, 30), new SquareCrop(50, -5, 30)], [100, 200]).map((level) => level > 0),
    Array.from({ length: WIDTH }, (_, x) => x < 20 || x >= 50));
});
