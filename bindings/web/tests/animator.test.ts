/** Running modes and calls out of order, on networks that see no face: the errors are those of the Python SDK. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { SquareCrop } from "../src/crop.js";
import { LatestOnly } from "../src/latest_only.js";
import type { Network } from "../src/network.js";
import { requireConsistent, type RunningMode } from "../src/options.js";
import { PhotoAnimator } from "../src/photo_animator.js";
import { Motion } from "../src/motion.js";
import { newPicture } from "../src/picture.js";
import type { Portrait } from "../src/portrait.js";
import { RegionNetworks } from "../src/region_networks.js";
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
  const tracker = { detector: { network: blind, side: 128 }, landmarks: { network: none, side: 192 }, blendshapes: new Fake({}) };
  return { enroll: none, animate: none, retarget: { start: none, step: none, absolute: none, imageMode: new Fake({}) }, tracker };
}

const photo = newPicture(64, 48);
const portrait: Portrait = {
  photo, landmarks: new Float32Array(478 * 3).fill(20), crop: new SquareCrop(0, 0, 48), consent: "artwork", inputs: {}, regions: [],
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
      animate: () => animator.animate(portrait, photo),
      animate_for_video: (time) => animator.animateForVideo(portrait, photo, time),
      animate_async: (time) => animator.animateAsync(portrait, photo, time),
      reset: () => animator.reset(),
      close: () => animator.close(),
    };
    for (const { method, timestamp_ms, error } of entry.calls) {
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

test("a driver's picture without a face is refused", async () => {
  await assert.rejects(new PhotoAnimator(fakeNetworks()).animate(portrait, photo), /no face was found in the driver's picture/);
});

test("without a face the photo stays as it is", async () => {
  const animator = new PhotoAnimator(fakeNetworks(), { runningMode: "VIDEO" });
  const { driverFound, image, timestampMs } = await animator.animateForVideo(portrait, photo, 5);
  assert.deepEqual([driverFound, image, timestampMs], [false, photo, 5]);
});

test("closing lets go of every network, once", () => {
  const networks = fakeNetworks(), part = new Fake({}), size = { network: part, width: 1, height: 1 };
  const regions = new RegionNetworks(part, { eye: size, mouth: size }, [part, part, part]);
  const animator = new PhotoAnimator({ ...networks, regions });
  animator.close();
  animator.close();
  const { tracker, retarget } = networks;
  for (const network of [tracker.detector.network, tracker.blendshapes, retarget.imageMode]) assert.equal(network.closed, 1);
  assert.equal(part.closed, 6);
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

test("a motion that speaks is not smoothed: lips that meet stay shut", async () => {
  for (const [speech, expected] of [[false, [0, 40]], [true, [0, 0]]] as const) {
    const elapsed: number[] = [], networks = fakeNetworks(), pixels = 256 * 256;
    networks.animate = new Fake({
      flow: new Float32Array(pixels * 2), mask: new Float32Array(pixels), painted: new Float32Array(pixels * 3),
    });
    networks.retarget.absolute = new Fake({ landmarks: new Float32Array(478 * 3), next_landmark_filter: new Float32Array(478 * 6) });
    networks.retarget.absolute.run = async (inputs: Record<string, Float32Array> = {}) => {
      elapsed.push(inputs["elapsed_ms"]![0]!);
      return networks.retarget.absolute.outputs;
    };
    const animator = new PhotoAnimator(networks, { runningMode: "VIDEO", retarget: { absolute: true } });
    const face = portrait.landmarks.map((value, index) => value + index % 7);
    const motion = new Motion({ landmarks: [face, face], timestampsMs: Float64Array.of(0, 40), imageSize: [64, 48], fps: 25, speech });
    for await (const _ of animator.play(portrait, motion));
    assert.deepEqual(elapsed, expected);
  }
});

test("strengths: defaults, regions switched off, and what is refused", () => {
  assert.deepEqual([...checkedGains({})], [1, 1, 1, 1]);
  assert.deepEqual([...checkedGains({ regions: ["eyes"], gains: { eyes: 2, lips: 3 } })], [0, 2, 0, 0]);
  assert.throws(() => checkedGains({ gains: { pose: 3.5 } }), /from 0 to 3/);
  assert.throws(() => checkedGains({ regions: ["nose" as "eyes"] }), /unknown region 'nose'/);
});

test("a retargeter refuses landmarks that make no sense, and steps before the start", async () => {
  const networks = fakeNetworks().retarget, crop = new SquareCrop(0, 0, 48);
  assert.throws(() => new Retargeter(networks, new Float32Array(9), crop), /478 x 3/);
  const retarget = new Retargeter(networks, portrait.landmarks, crop);
  await assert.rejects(retarget.step(portrait.landmarks, 0), { name: "RuntimeError" });
  await assert.rejects(retarget.start(new Float32Array(478 * 3).fill(NaN), [64, 48]), /NaN/);
});
