import assert from "node:assert/strict";
import { test } from "node:test";
import { portraitCrop, SquareCrop } from "../src/crop.js";
import { cropFeather, PasteBack } from "../src/paste_back.js";
import { shrink } from "../src/resample.js";
import { isBlackAndWhite, type Picture } from "../src/picture.js";
import { cropOf, farthest, golden, goldenPicture, landmarksOf, networkArrays, psnr } from "./golden.js";

const crops = golden("crop.json"), faces = golden("faces.json");

for (const entry of crops.portrait_crop) {
  test(`portrait crop of a face ${entry.scale} times as large in ${entry.image_size.join(" x ")}`, () => {
    const moved = landmarksOf(faces.portrait).map((value, i) => value * entry.scale + (entry.shift[i % 3] ?? 0));
    const crop = portraitCrop(moved, entry.image_size[0], entry.image_size[1]);
    assert.ok(farthest([crop.x, crop.y, crop.side], [entry.crop.x, entry.crop.y, entry.crop.side]) < 1e-3);
    const unit = crop.toUnit(moved);
    assert.ok(farthest(unit.subarray(3, 6), entry.unit_of_landmark_1) < 1e-4);
    assert.ok(farthest(crop.toPixels(unit), moved) < 1e-3);
  });
}

for (const entry of crops.extract) {
  test(`extract ${entry.picture}`, () => {
    const made = cropOf(entry.crop).extract(goldenPicture("photo.png"), entry.size);
    assert.ok(psnr(made, goldenPicture(entry.picture)) > 45, `${psnr(made, goldenPicture(entry.picture))} dB`);
  });
}

test("black and white is told from colour", () => {
  const photo = goldenPicture("photo.png");
  const grey: Picture = { ...photo, data: photo.data.slice() };
  for (let i = 0; i < grey.data.length; i += 4) {
    grey.data.fill(Math.trunc((photo.data[i]! + photo.data[i + 1]! + photo.data[i + 2]!) / 3), i, i + 3);
  }
  assert.equal(isBlackAndWhite(photo), crops.black_and_white.photo);
  assert.equal(isBlackAndWhite(grey), crops.black_and_white.mean_of_channels);
});

function requireUntouchedOutside(frame: Picture, photo: Picture, crop: SquareCrop): void {
  for (let y = 0; y < photo.height; y++) {
    for (let x = 0; x < photo.width; x++) {
      const outside = x < Math.floor(crop.x) - 1 || x > crop.x + crop.side + 1 || y < Math.floor(crop.y) - 1 || y > crop.y + crop.side + 1;
      const at = (y * photo.width + x) * 4;
      for (let k = at; outside && k < at + 3; k++) if (frame.data[k] !== photo.data[k]) assert.fail(`pixel ${x}, ${y} was changed`);
    }
  }
}

for (const entry of golden("paste_back.json")) {
  test(`paste back: ${entry.result}`, () => {
    const photo = goldenPicture(entry.photo), crop = cropOf(entry.crop);
    const feather = cropFeather(crop, photo.width, photo.height);
    assert.ok(farthest(feather.subarray(128 * 256, 129 * 256), entry.feather_row_128) < 1e-5);
    assert.ok(farthest(feather.filter((_, i) => i % 256 === 128), entry.feather_column_128) < 1e-5);
    const frame = new PasteBack(crop, photo.width, photo.height).apply(photo, ...networkArrays(entry));
    const near = psnr(frame, goldenPicture(entry.result));
    assert.ok(near > 45, `${near.toFixed(1)} dB`);
    requireUntouchedOutside(frame, photo, crop);
  });
}

test("whole frames pasted from the network's values", () => {
  const { frames, photo, crop } = golden("frames.json");
  const picture = goldenPicture(photo), paste = new PasteBack(cropOf(crop), picture.width, picture.height);
  for (const entry of frames) {
    const near = psnr(paste.apply(picture, ...networkArrays(entry)), goldenPicture(entry.image));
    assert.ok(near > 45, `${near.toFixed(1)} dB`);
  }
});

test("paste back refuses what does not fit", () => {
  assert.throws(() => new PasteBack(new SquareCrop(500, 0, 50), 100, 100), /lies outside the photo/);
  const paste = new PasteBack(new SquareCrop(0, 0, 50), 100, 100);
  const photo: Picture = { width: 90, height: 100, data: new Uint8ClampedArray(36000) };
  assert.throws(() => paste.apply(photo, new Float32Array(8), new Float32Array(65536), new Float32Array(196608)), /must be 100 x 100/);
  assert.throws(() => cropFeather(new SquareCrop(0, 0, 50), 100, 100, 0.7), /feather/);
});

test("an ImageData, whose sides are getters, is shrunk as any picture", () => {
  class LikeImageData implements Picture {
    readonly #side = 4;
    readonly data = new Uint8ClampedArray(64).fill(200);
    get width(): number {
      return this.#side;
    }
    get height(): number {
      return this.#side;
    }
  }
  assert.deepEqual(shrink(new LikeImageData(), 2, 2), { width: 2, height: 2, data: new Uint8ClampedArray(16).fill(200) });
});
