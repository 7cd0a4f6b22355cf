/** Running modes and calls out of order, on networks that see no face: the errors are those of the Python SDK. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SquareCrop } from "../src/crop.js";
import { LatestOnly } from "../src/latest_only.js";
import type { Network } from "../src/network.js";
import { requireConsistent, type RunningMode } from "../src/options.js";
import { PhotoAnimator } from "../src/photo_animator.js";
import { newPicture } from "../src/picture.js";
import type { Portrait } from "../src/portrait.js";
import { checkedGains, Retargeter } from "../src/retarget.js";
import { golden } from "./golden.js";

class Fake implements Network {
  closed = 0;
  constructor(readonly outputs: Record<string, Float32Array>) {}
  async run(): Promise<Record<string, Float32Array>> {
    return this.outputs;
  }
  close(): void {
    this.closed++;
  }
}

function fakeNetworks() {
  const blind = new Fake({ scores: new Float32Array(256), places: new Float32Array(256 * 5) });
  const none = new Fake({});
  const tracker = { detector: { network: blind, side: 128 }, landmarks: { network: none, side: 192 } };
  return { enroll: none, animate: none, retarget: { start: none, step: none }, tracker };
}

const photo = newPicture(64, 48);
const portrait: Portrait = {
  photo, landmarks: new Float32Array(478 * 3).fill(20), crop: new SquareCrop(0, 0, 48), consent: "artwork", inputs: {},
};

for (const [index, entry] of golden("running_modes.json").entries()) {
  test(`running modes ${index}: ${entry.running_mode}`, async () => {
    const runningMode: RunningMode = entry.running_mode;
    if (!entry.calls) {
      const resultCallback = entry.has_callback ? () => {} : undefined;
      assert.throws(() => requireConsistent({ runningMode, resultCallback }), { name: entry.options_error });
      return;
    }
    const resultCallback = runningMode === "LIVE_STREAM" ? () => {} : undefined;
    const animator = new PhotoAnimator(fakeNetworks(), { runningMode, resultCallback });
    const calls: Record<string, (time: number) => unknown> = {
      animate_for_video: (time) => animator.animateForVideo(portrait, photo, time),
      animate_async: (time) => animator.animateAsync(portrait, photo, time),
      reset: () => animator.reset(),
      close: () => animator.close(),
    };
    for (const { method, timestamp_ms, error } of entry.calls) {
      if (method === "animate") continue; // the binding has no such call
      const call = async (): Promise<unknown> => calls[method]!(timestamp_ms === "nan" ? NaN : timestamp_ms);
      if (error) await assert.rejects(call, { name: error }, `${method} ${timestamp_ms}`);
      else await call();
    }
    animator.close();
  });
}

test("a photo without a face, another consent and no picture are told apart", async () => {
  const animator = new PhotoAnimator(fakeNetworks());
  await assert.rejects(animator.enroll(photo), /no face was found in the photo/);
  await assert.rejects(animator.enroll(photo, { consent: "maybe" }), /'self', 'given' or 'artwork'/);
  await assert.rejects(animator.enroll({ ...photo, width: 63 }), /RGBA/);
  await assert.rejects(animator.enroll(newPicture(8, 8)), /too small/);
});

test("without a face the photo stays as it is", async () => {
  const animator = new PhotoAnimator(fakeNetworks(), { runningMode: "VIDEO" });
  const { driverFound, image, timestampMs } = await animator.animateForVideo(portrait, photo, 5);
  assert.deepEqual([driverFound, image, timestampMs], [false, photo, 5]);
});

test("closing lets go of every network, once", () => {
  const networks = fakeNetworks(), animator = new PhotoAnimator(networks);
  animator.close();
  animator.close();
  assert.equal((networks.tracker.detector.network as Fake).closed, 1);
});

test("a busy worker leaves out all but the newest item, and tells of a failure once", async () => {
  const done: number[] = [];
  let release = (): void => {};
  const worker = new LatestOnly<number>(async (item) => {
    await new Promise<void>((resolve) => (release = resolve));
    if (item === 3) throw new Error("broken");
    done.push(item);
  });
  const settle = async (): Promise<void> => {
    release();
    await new Promise((resolve) => setImmediate(resolve));
  };
  for (const item of [0, 1, 2, 3]) worker.submit(item);
  await settle();
  await settle();
  assert.deepEqual(done, [0]);
  assert.throws(() => worker.submit(4), /animating a live frame failed: broken/);
  worker.submit(5);
  await settle();
  assert.deepEqual(done, [0, 5]);
});

test("strengths: defaults, regions switched off, and what is refused", () => {
  assert.deepEqual([...checkedGains({})], [1, 1, 1, 1]);
  assert.deepEqual([...checkedGains({ regions: ["eyes"], gains: { eyes: 2, lips: 3 } })], [0, 2, 0, 0]);
  assert.throws(() => checkedGains({ gains: { pose: 3.5 } }), /from 0 to 3/);
  assert.throws(() => checkedGains({ regions: ["nose" as "eyes"] }), /unknown region 'nose'/);
  assert.throws(() => checkedGains({ absolute: true }), /smooth: false/);
});

test("absolute retargeting without smoothing is the driver's face in the driver's crop", async () => {
  const { driver, portrait: own, driver_size } = golden("faces.json");
  const { cases, kept_landmarks } = golden("retarget.json");
  const entry = cases.find(({ name }: { name: string }) => name === "absolute, not smoothed");
  const crop = new SquareCrop(entry.crop.x, entry.crop.y, entry.crop.side);
  const retarget = new Retargeter(fakeNetworks().retarget, Float32Array.from(own.flat()), crop, { absolute: true, smooth: false });
  await retarget.start(Float32Array.from(driver[0].flat()), driver_size);
  for (const [frame, face] of driver.entries()) {
    const moved = await retarget.step(Float32Array.from(face.flat()), frame);
    kept_landmarks.forEach((landmark: number, i: number) => {
      for (let k = 0; k < 3; k++) assert.ok(Math.abs(moved[landmark * 3 + k]! - entry.landmarks[frame][i][k]) < 1e-4);
    });
  }
});

test("a retargeter refuses landmarks that make no sense, and steps before the start", async () => {
  const networks = fakeNetworks().retarget, crop = new SquareCrop(0, 0, 48);
  assert.throws(() => new Retargeter(networks, new Float32Array(9), crop), /478 x 3/);
  const retarget = new Retargeter(networks, portrait.landmarks, crop);
  await assert.rejects(retarget.step(portrait.landmarks, 0), { name: "RuntimeError" });
  await assert.rejects(retarget.start(new Float32Array(478 * 3).fill(NaN), [64, 48]), /NaN/);
});
