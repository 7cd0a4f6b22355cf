/** Who drives across cuts: the same face goes on within a take, and is chosen anew in the next one. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { DriverFollower } from "../src/driver_follower.js";
import type { DriverFace } from "../src/driver_rule.js";
import { levelRegion } from "../src/level_crop.js";
import type { Picture } from "../src/picture.js";
import type { RotatedSquare } from "../src/region.js";
import type { Face, FaceTracker } from "../src/tracker.js";
import { golden, landmarksOf } from "./golden.js";

const face = landmarksOf(golden("faces.json").portrait), FRAME_MS = 40;
const [STUDIO, STREET, DARK] = [90, 180, 0];
/** How far a face stands to the right. */
const [LEFT, RIGHT] = [0, 700];
type Frame = readonly [level: number, faces: readonly number[]];

/** Where the driver is in each frame (undefined: not in sight), and whether another face begins to drive. */
async function followed(frames: readonly Frame[], which: DriverFace = "auto"): Promise<[number | undefined, boolean][]> {
  let people: Face[] = [];
  const tracker = {
    lookAt: async (_: Picture, places: readonly RotatedSquare[]) => people.filter(({ landmarks }) => {
      const here = levelRegion(landmarks);
      return places.some((place) => Math.hypot(place.x - here.x, place.y - here.y) < place.side / 2);
    }),
    search: async () => people,
  } as unknown as FaceTracker;
  const follower = new DriverFollower(tracker, which), made: [number | undefined, boolean][] = [];
  for (const [number, [level, faces]] of frames.entries()) {
    people = faces.map((right) => ({ landmarks: face.map((value, i) => (i % 3 === 0 ? value + right : value)), presence: 1 }));
    const picture = { width: 64, height: 48, data: new Uint8ClampedArray(64 * 48 * 4).fill(level) };
    const found = await follower.track(picture, number * FRAME_MS);
    made.push([found && Math.round(found.landmarks[0]! - face[0]!), follower.changed]);
  }
  return made;
}

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

test("after a cut the face that is there drives at once", async () => {
  const made = await followed([...times(4, [STUDIO, [LEFT]] as const), ...times(3, [STREET, [RIGHT]] as const)]);
  assert.deepEqual(made, [...times(4, [LEFT, false]), [RIGHT, true], ...times(2, [RIGHT, false])]);
});

test("without a cut another face does not take over", async () => {
  const made = await followed([...times(4, [STUDIO, [LEFT]] as const), ...times(8, [STUDIO, [RIGHT]] as const)]);
  assert.deepEqual(made, [...times(4, [LEFT, false]), ...times(8, [undefined, false])]);
});

test("a covered lens or a flash is no cut", async () => {
  const both = [LEFT, RIGHT], there = [STUDIO, both] as const;
  const made = await followed([...times(3, there), ...times(3, [DARK, []] as const), ...times(3, there), [STREET, both]], 0);
  assert.deepEqual(made, [...times(3, [LEFT, false]), ...times(3, [undefined, false]), ...times(4, [LEFT, false])]);
});
