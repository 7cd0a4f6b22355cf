import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Bundle } from "../src/bundle.js";
import { Motion } from "../src/motion.js";
import { farthest, golden, goldenFile } from "./golden.js";

for (const entry of golden("bundles.json")) {
  test(`bundle ${entry.file}`, async () => {
    const loading = Bundle.load(goldenFile(entry.file), entry.file);
    if (entry.error) {
      await assert.rejects(loading, (error: Error) => error.name === entry.error && error.message.includes(entry.says));
      return;
    }
    const bundle = await loading;
    assert.equal(bundle.modelVersion, entry.model_version);
    assert.equal(bundle.sha256, entry.sha256);
    assert.deepEqual(bundle.about, entry.about);
    assert.deepEqual(Object.fromEntries([...bundle.parts].map(([name, part]) => [name, part.length])), entry.parts);
  });
}

test("a part that is not in the bundle is named, with those that are", async () => {
  const bundle = await Bundle.load(goldenFile("good.bundle"));
  assert.throws(() => bundle.partManifest("retarget"), /no part 'retarget', only animate, enroll/);
  assert.throws(() => bundle.partManifest("constructor"), /no part/);
});

test("the packaged bundle describes its networks", async () => {
  const bundle = await Bundle.load(readFileSync("../../sdk/monalive/assets/default.bundle"));
  for (const part of ["enroll", "animate", "retarget", "retarget_start", "retarget_absolute", "image_mode"]) {
    const { format, inputs, outputs } = bundle.partManifest(part);
    assert.equal(format, "tflite");
    assert.ok(inputs.length && outputs.length);
  }
});

for (const entry of golden("motions.json")) {
  test(`motion ${entry.file}`, () => {
    const load = (): Motion => Motion.load(goldenFile(entry.file), entry.file);
    if (entry.error) {
      assert.throws(load, (error: Error) => error.name === entry.error && error.message.includes(entry.says));
      return;
    }
    const motion = load();
    for (const [own, name] of [["name", "name"], ["loop", "loop"], ["fps", "fps"], ["imageSize", "image_size"], ["speech", "speech"]] as const) {
      assert.deepEqual(motion[own], entry[name]);
    }
    assert.deepEqual([...motion.timestampsMs], entry.timestamps_ms);
    assert.equal(motion.durationMs, entry.duration_ms);
    for (const index of [159, 477]) {
      const points = motion.landmarks.flatMap((frame) => [...frame.subarray(index * 3, index * 3 + 3)]);
      assert.ok(farthest(points, entry[`landmark_${index}`].flat()) < 1e-3);
    }
    assert.deepEqual(motion.takes.map(({ start }) => start), entry.take_starts);
    const rests = motion.takes.flatMap(({ reference }) => [...reference.subarray(159 * 3, 159 * 3 + 3)]);
    assert.ok(farthest(rests, entry.reference_landmark_159.flat()) < 1e-3);
    if (entry.surroundings_row_5_column_7 === null) {
      assert.equal(motion.surroundings, undefined);
    } else {
      const cell = motion.surroundings!.flatMap((frame) => [...frame.subarray((5 * 16 + 7) * 3, (5 * 16 + 8) * 3)]);
      assert.ok(farthest(cell, entry.surroundings_row_5_column_7.flat()) < 1e-5);
    }
  });
}
