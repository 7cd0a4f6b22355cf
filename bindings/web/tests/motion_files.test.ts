/** Motions taken off videos, and written to files. */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Landmarks } from "../src/crop.js";
import type { DriverFollower } from "../src/driver_follower.js";
import { Motion } from "../src/motion.js";
import { MotionTaker } from "../src/motion_taker.js";
import { motionFile } from "../src/motion_writer.js";
import { newPicture } from "../src/picture.js";
import { farthest, golden, goldenFile, landmarksOf } from "./golden.js";

const face = landmarksOf(golden("faces.json").portrait), picture = newPicture(640, 480);
const moved = (right: number): Landmarks => face.map((value, i) => (i % 3 === 0 ? value + right : value));

for (const name of ["good.motion", "takes.motion", "stored.motion", "version_1.motion"]) {
  test(`${name} is written as it was read`, () => {
    const before = Motion.load(goldenFile(name)), after = Motion.load(motionFile(before));
    assert.deepEqual([...after.timestampsMs], [...before.timestampsMs]);
    for (const field of ["fps", "name", "loop", "imageSize", "length"] as const) assert.deepEqual(after[field], before[field]);
    const values = before.landmarks.flatMap((frame) => [...frame]), step = (Math.max(...values) - Math.min(...values)) / 65535;
    before.landmarks.forEach((frame, index) => assert.ok(farthest(frame, after.landmarks[index]!) <= step));
    assert.deepEqual(after.takes.map(({ start }) => start), before.takes.map(({ start }) => start));
    before.takes.forEach(({ reference }, take) => assert.ok(farthest(reference, after.takes[take]!.reference) <= step));
  });
}

test("the same motion gives the same file", () => {
  const motion = Motion.load(goldenFile("takes.motion"));
  assert.deepEqual(motionFile(motion), motionFile(motion));
});

/** Lets a taker see frames, 40 ms apart: how far the face is to the right, or undefined where there is none. */
async function taken(frames: readonly (number | undefined)[], cutAt = -1): Promise<Motion> {
  let number = -1;
  const follower = {
    otherPicture: false,
    get changed() {
      return number === cutAt;
    },
    async track() {
      const right = frames[++number];
      return right === undefined ? undefined : { landmarks: moved(right), presence: 1 };
    },
  } as unknown as DriverFollower;
  const taker = new MotionTaker(follower);
  for (const [index, right] of frames.entries()) assert.equal(await taker.add(picture, 1000 + index * 40), right !== undefined);
  return taker.motion("anna");
}

const places = (motion: Motion): number[] => motion.landmarks.map((points) => Math.round(points[0]! - face[0]!));

test("frames without a face hold what was found last; those before the first face that one", async () => {
  const motion = await taken([undefined, undefined, 3, 4, undefined, 6]);
  assert.deepEqual(places(motion), [3, 3, 3, 4, 4, 6]);
  assert.deepEqual([...motion.timestampsMs], [0, 40, 80, 120, 160, 200]);
  assert.deepEqual([motion.fps, motion.imageSize, motion.name, motion.loop], [25, [640, 480], "anna", false]);
  assert.deepEqual(motion.takes.map(({ start }) => start), [0]);
});

test("after a cut motion is counted anew", async () => {
  const motion = await taken([0, 0, 0, 300, 300], 3);
  assert.deepEqual(motion.takes.map(({ start, reference }) => [start, Math.round(reference[0]! - face[0]!)]), [[0, 0], [3, 300]]);
});

test("a video without a face, without frames, or that changes its size is refused", async () => {
  await assert.rejects(taken([undefined, undefined]), /no face was found in any of 2 frames/);
  await assert.rejects(taken([]), /no frames/);
  const taker = new MotionTaker({ track: async () => undefined } as unknown as DriverFollower);
  await taker.add(picture, 0);
  await assert.rejects(taker.add(newPicture(480, 640), 40), /change their size from 640 x 480 to 480 x 640/);
});
