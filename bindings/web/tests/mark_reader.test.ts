import assert from "node:assert/strict";
import { test } from "node:test";
import { SquareCrop } from "../src/crop.js";
import { ValueError } from "../src/errors.js";
import { decode, encode, MarkMessage } from "../src/mark_code.js";
import { faceSquare } from "../src/mark_faces.js";
import { searchMark } from "../src/mark_search.js";
import { newPicture, type Picture } from "../src/picture.js";
import { PixelMark } from "../src/pixel_mark.js";
import { type Affine, resizeField, warp } from "../src/resample.js";
import { golden, goldenPicture } from "./golden.js";

const SIDE = 384, ID = 0x2f0b;
const PHOTO = resized(goldenPicture("photo.png"), SIDE);

function resized({ width, height, data }: Picture, side: number): Picture {
  const field = { width, height, channels: 4, data: Float32Array.from(data) };
  return { width: side, height: side, data: Uint8ClampedArray.from(resizeField(field, side, side, side < width ? "area" : "cubic").data) };
}

async function marked(photo: Picture): Promise<Picture> {
  const picture = { ...photo, data: photo.data.slice() };
  (await PixelMark.create(new MarkMessage(ID), picture.width, picture.height, [new SquareCrop(0, 0, picture.width)])).applyTo(picture);
  return picture;
}

/** Evenly spread, the same each time. */
function noisy(picture: Picture, most: number): Picture {
  let state = 1;
  const data = picture.data.map((value, i) => {
    state = (state * 48271) % 0x7fffffff;
    return i % 4 < 3 ? value + Math.round((2 * state / 0x7fffffff - 1) * most) : value;
  });
  return { ...picture, data };
}

function moved(map: Affine, width = SIDE, height = SIDE): (picture: Picture) => Picture {
  return (picture) => warp(picture, map, width, height, "repeat");
}

const turn = (degrees: number): Affine => {
  const c = Math.cos((degrees * Math.PI) / 180), s = Math.sin((degrees * Math.PI) / 180), middle = (SIDE - 1) / 2;
  return [c, -s, middle * (1 - c + s), s, c, middle * (1 - c - s)];
};

const CHANGES: Record<string, { change: (picture: Picture) => Picture; mirrored?: boolean; tilePixels?: number }> = {
  "as written": { change: (picture) => picture },
  "scaled down": { change: (picture) => resized(picture, 288), tilePixels: 72 },
  "scaled up": { change: (picture) => resized(picture, 500), tilePixels: 125 },
  cropped: { change: moved([1, 0, 41, 0, 1, 27], 310, 300) },
  "turned by 5 degrees": { change: moved(turn(5)) },
  "on its side": { change: moved(turn(90)) },
  "in a mirror": { change: moved([-1, 0, SIDE - 1, 0, 1, 0]), mirrored: true },
  narrower: { change: moved([1 / 0.9, 0, 0, 0, 1, 0], Math.round(0.9 * SIDE)), tilePixels: 96 * Math.sqrt(0.9) },
  noisy: { change: (picture) => noisy(picture, 8) },
};

for (const [name, { change, mirrored = false, tilePixels = SIDE / 4 }] of Object.entries(CHANGES)) {
  test(`a mark is read: ${name}`, async () => {
    const found = await searchMark([change(await marked(PHOTO))]);
    assert.ok(found, "no mark was found");
    assert.equal(found.id, "2f0b");
    assert.equal(found.release, null);
    assert.equal(found.belongs, true);
    assert.equal(found.mirrored, mirrored);
    assert.ok(Math.abs(found.tilePixels - tilePixels) < 0.01 * tilePixels, `a tile of ${found.tilePixels}`);
  });
}

test("a mark in frames full of noise is read from all together", async () => {
  const picture = await marked(PHOTO);
  const frames = Array.from({ length: 8 }, (_, i) => noisy(picture, 20 + i));
  assert.equal((await searchMark(frames))?.id, "2f0b");
});

test("an unmarked picture, a plain one and a tiny one carry none", async () => {
  for (const picture of [PHOTO, newPicture(200, 120), newPicture(8, 8)]) assert.equal(await searchMark([picture]), null);
});

test("a mark that was laid on another picture does not belong to it", async () => {
  const picture = await marked(PHOTO);
  const other = moved([0, 1, 0, -1, 0, SIDE - 1])(PHOTO);
  other.data.forEach((value, i) => (other.data[i] = 255 - value + 2 * (picture.data[i]! - PHOTO.data[i]!)));
  const found = await searchMark([other]);
  assert.equal(found?.id, "2f0b");
  assert.equal(found.belongs, false);
});

test("pictures of several sizes, and none, are refused", async () => {
  await assert.rejects(searchMark([]), ValueError);
  await assert.rejects(searchMark([newPicture(64, 64), newPicture(64, 65)]), ValueError);
  await assert.rejects(searchMark([{ width: 4, height: 4, data: new Uint8ClampedArray(3) }]), ValueError);
});

test("a code word is decoded with errors in it, and noise is not", () => {
  const { file_id: id, picture } = golden("pixel_mark.json")[0].message;
  const soft = Float64Array.from(encode(new MarkMessage(id), picture));
  for (let i = 0; i < soft.length; i += 8) soft[i]! *= -1;
  assert.deepEqual(decode(soft), { id: id.toString(16).padStart(4, "0"), picture, release: null });
  assert.equal(decode(soft.map((value, i) => value * Math.sin(i * i))), null);
  assert.equal(decode(new Float64Array(256)), null);
});

test("the square of a face turns with it and is the same in a mirror", () => {
  const points = Float32Array.from({ length: 478 * 3 }, (_, i) => [100 + 50 * Math.cos(i), 200 + 60 * Math.sin(i - 1), 0][i % 3]!);
  points.set([60, 180, 0], 33 * 3);
  points.set([140, 180, 0], 263 * 3);
  const upright = faceSquare(points);
  const turned = faceSquare(points.map((value, i) => (i % 3 === 0 ? -points[i + 1]! : i % 3 === 1 ? points[i - 1]! : value)));
  const flipped = faceSquare(points.map((value, i) => (i % 3 === 0 ? -value : value)));
  const near = (one: number, other: number): void => assert.ok(Math.abs(one - other) < 1e-3, `${one} is not ${other}`);
  near(turned.side, upright.side);
  near(turned.centre[0], -upright.centre[1]);
  near(turned.centre[1], upright.centre[0]);
  near(flipped.centre[0], -upright.centre[0]);
  near(flipped.centre[1], upright.centre[1]);
});
