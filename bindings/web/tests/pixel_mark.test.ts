import assert from "node:assert/strict";
import { test } from "node:test";
import { ValueError } from "../src/errors.js";
import { encode, MarkMessage } from "../src/mark_code.js";
import { pictureBits } from "../src/mark_picture.js";
import type { Picture } from "../src/picture.js";
import { PixelMark } from "../src/pixel_mark.js";
import { cropOf, golden, goldenPicture } from "./golden.js";

function repeated({ width, height, data }: Picture, times: number): Picture {
  const result = new Uint32Array(width * height * times * times), source = new Uint32Array(data.buffer);
  result.forEach((_, i) => {
    const x = i % (width * times), y = Math.floor(i / (width * times));
    result[i] = source[Math.floor(y / times) * width + Math.floor(x / times)]!;
  });
  return { width: width * times, height: height * times, data: new Uint8ClampedArray(result.buffer) };
}

for (const entry of golden("pixel_mark.json")) {
  test(`pixel mark ${entry.name}`, async () => {
    const { file_id: id, picture } = entry.message;
    const message = new MarkMessage(id), square = cropOf(entry.crop);
    assert.equal(Array.from(encode(message, picture), (sign) => (sign > 0 ? "+" : "-")).join(""), entry.code_word);
    const photo = repeated(goldenPicture("photo.png"), entry.repeated);
    assert.equal(pictureBits(photo, square), picture);
    const marked: Picture = { ...photo, data: photo.data.slice() };
    (await PixelMark.create(message, photo.width, photo.height, [square])).applyTo(marked);
    let most = 0, sum = 0;
    entry.rows.forEach((y: number, row: number) => {
      for (let x = 0; x < photo.width; x++) {
        const at = (y * photo.width + x) * 4 + 1;
        const off = Math.abs(marked.data[at]! - photo.data[at]! - entry.change_of_green[row][x]);
        most = Math.max(most, off);
        sum += off;
      }
    });
    assert.ok(most <= 1, `a level is off by ${most}`);
    assert.ok(sum / (entry.rows.length * photo.width) < 0.02, `levels are off by ${sum / (entry.rows.length * photo.width)} on average`);
  });
}

test("marks of files have ids of their own, and only those that fit", async () => {
  const ids = Array.from({ length: 20 }, () => MarkMessage.random().fileId);
  assert.ok(new Set(ids).size > 10);
  assert.throws(() => new MarkMessage(2 ** 16), ValueError);
  const mark = await PixelMark.create(new MarkMessage(1), 100, 100, []);
  assert.throws(() => mark.applyTo({ width: 99, height: 100, data: new Uint8ClampedArray(99 * 400) }), ValueError);
});
