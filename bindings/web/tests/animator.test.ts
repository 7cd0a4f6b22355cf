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
import { withStaticShapes } from "../src/static_shapes.js";
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
  const blind = new Fake({ 0: new Float32Array(896 * 16), 1: new Float32Array(896).fill(-9) });
  const none = new Fake({});
  return { enroll: none, animate: none, retarget: { start: none, step: none }, tracker: { detector: blind, mesh: none } };
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
  assert.equal((networks.tracker.detector as Fake).closed, 1);
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

test("open sizes in a network file become 1, all else stays", () => {
  // A FlatBuffer in miniature: a model with one subgraph with one tensor whose shape_signature is (-1, 7).
  const words = new Int32Array(32), bytes = new Uint8Array(words.buffer), view = new DataView(words.buffer);
  const table = (at: number, layout: number, fields: number[]): void => {
    view.setInt32(at, at - layout, true);
    view.setUint16(layout, 4 + fields.length * 2, true);
    fields.forEach((offset, i) => view.setUint16(layout + 4 + i * 2, offset, true));
  };
  view.setUint32(0, 16, true);
  table(16, 4, [0, 0, 4]); // model: field 2, subgraphs
  view.setUint32(20, 4, true); // to the vector at 24
  view.setUint32(24, 1, true);
  view.setUint32(28, 12, true); // to the subgraph at 40
  table(40, 32, [4]);
  view.setUint32(44, 4, true); // to the vector at 48
  view.setUint32(48, 1, true);
  view.setUint32(52, 28, true); // to the tensor at 80
  table(80, 56, [0, 0, 0, 0, 0, 0, 0, 4]);
  view.setUint32(84, 4, true); // to the vector at 88
  view.setUint32(88, 2, true);
  view.setInt32(92, -1, true);
  view.setInt32(96, 7, true);
  const closed = new DataView(withStaticShapes(bytes).buffer);
  assert.deepEqual([closed.getInt32(92, true), closed.getInt32(96, true), view.getInt32(92, true)], [1, 7, -1]);
});
