/** Retargeting against the golden vectors, on the bundle's networks. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { type AnimatorNetworks, loadNetworks } from "../src/animator_networks.js";
import { Bundle } from "../src/bundle.js";
import { type Landmarks, SquareCrop } from "../src/crop.js";
import { LazyNetwork } from "../src/lazy_network.js";
import { asMeanFace } from "../src/mean_face.js";
import { Motion } from "../src/motion.js";
import { loadPart, type Network, type Runtime } from "../src/network.js";
import { PhotoAnimator } from "../src/photo_animator.js";
import { Retargeter, type RetargetOptions } from "../src/retarget.js";
import { FaceTracker } from "../src/tracker.js";
import { cropOf, farthest, golden, goldenPicture, landmarksOf, psnr, ROOT } from "./golden.js";
import { PythonNetworks } from "./python_networks.js";

const python = PythonNetworks.start();
const skip = python ? false : "set MONALIVE_PYTHON to a Python that has the SDK";
after(() => python?.close());

const file = path.join(ROOT, "sdk/monalive/assets/default.bundle");
const faces = golden("faces.json"), { cases, kept_landmarks } = golden("retarget.json");
const driver: Landmarks[] = faces.driver.map(landmarksOf), times: number[] = faces.driver_timestamps_ms;
const kept = (landmarks: Landmarks): number[] =>
  kept_landmarks.flatMap((at: number) => [...landmarks.subarray(at * 3, at * 3 + 3)]);

/** An animator's networks, and the names of those that are loaded. */
async function load(): Promise<{ networks: AnimatorNetworks; loaded: string[] }> {
  const loaded: string[] = [], runtime = python!.of(file);
  const watched: Runtime = {
    ...runtime,
    load: (content, manifest, what, busy) => {
      loaded.push(/'(\w+)'/.exec(what)![1]!);
      return runtime.load(content, manifest, what, busy);
    },
  };
  return { networks: await loadNetworks(await Bundle.load(readFileSync(file)), undefined, watched), loaded };
}

const shared = python && load().then(({ networks }) => networks);

for (const entry of cases) {
  test(`retargeting: ${entry.name}`, { skip }, async () => {
    const { retarget } = await shared!;
    const retargeter = new Retargeter(retarget, landmarksOf(faces[entry.portrait]), cropOf(entry.crop), entry.options);
    await retargeter.start(driver[0]!, faces.driver_size);
    for (const [frame, face] of driver.entries()) {
      const off = farthest(kept(await retargeter.step(face, times[frame]!)), entry.landmarks[frame].flat());
      assert.ok(off < 1e-4, `frame ${frame} is off by ${off}`);
    }
    const late = retargeter.step(driver[0]!, times.at(-1)!);
    if (entry.options.smooth === false) await late;
    else await assert.rejects(late, /timestamps must increase/);
  });
}

test("absolute motion goes into parts and back while it runs", { skip }, async () => {
  const { retarget } = await shared!, options: RetargetOptions = { absolute: true, smooth: false };
  const of = (given: RetargetOptions): Retargeter => new Retargeter(retarget, driver[0]!, new SquareCrop(0, 0, 512), given);
  const changing = of(options), whole = of(options), still = of({ ...options, gains: { pose: 0 } });
  for (const retargeter of [changing, whole, still]) await retargeter.start(driver[0]!, faces.driver_size);
  const wholeFrame = await whole.step(driver[4]!, 0), stillFrame = await still.step(driver[4]!, 0);
  assert.ok(farthest(wholeFrame, stillFrame) > 0.02);
  for (const [gains, wanted] of [[{}, wholeFrame], [{ pose: 2 }, undefined], [{ pose: 0 }, stillFrame], [{}, wholeFrame]] as const) {
    changing.setGains({ gains });
    const found = await changing.step(driver[4]!, 0);
    if (wanted) assert.ok(farthest(found, wanted) < 1e-6);
  }
});

test("a driver of one picture is given the mean face", { skip }, async () => {
  const { retarget } = await shared!;
  for (const { landmarks, blendshapes, reference, moved } of golden("image_mode.json")) {
    const made = await asMeanFace(retarget.imageMode, landmarksOf(landmarks), Float32Array.from(blendshapes));
    assert.ok(farthest(kept(made.reference), reference.flat()) < 1e-3);
    assert.ok(farthest(kept(made.moved), moved.flat()) < 1e-3);
  }
});

test("what no pose can be fitted to is refused, and the driver followed on", { skip }, async () => {
  const { retarget } = await shared!, point = new Float32Array(478 * 3).fill(20);
  const retargeter = new Retargeter(retarget, driver[0]!, new SquareCrop(0, 0, 512));
  await assert.rejects(retargeter.start(point, faces.driver_size), /no pose/);
  await retargeter.start(driver[0]!, faces.driver_size);
  await assert.rejects(retargeter.step(point, 0), /no pose/);
  await retargeter.step(driver[1]!, 0);
  await assert.rejects(asMeanFace(retarget.imageMode, point, new Float32Array(52)), /no pose/);
});

test("one picture drives a portrait, and only then the networks for it are loaded", { skip }, async () => {
  const { networks, loaded } = await load(), photo = goldenPicture("photo.png");
  const extra = ["tracker_blendshapes", "image_mode", "retarget_absolute"];
  const animator = new PhotoAnimator(networks), portrait = await animator.enroll(photo, { consent: "artwork" });
  assert.deepEqual(extra.filter((name) => loaded.includes(name)), []);
  const { driverFound, image, landmarks, timestampMs } = await animator.animate(portrait, photo);
  assert.deepEqual([driverFound, timestampMs], [true, 0]);
  assert.deepEqual(loaded.slice(-2), extra.slice(0, 2));
  const [face] = await new FaceTracker(networks.tracker, 1, true).detect(photo);
  const { reference, moved } = await asMeanFace(networks.retarget.imageMode, face!.landmarks, face!.blendshapes!);
  const retargeter = new Retargeter(networks.retarget, portrait.landmarks, portrait.crop);
  await retargeter.start(reference, [photo.width, photo.height]);
  assert.ok(farthest(landmarks, await retargeter.step(moved, 0)) < 1e-6);
  assert.ok(psnr(image, photo) < 40, `${psnr(image, photo)} dB from the unmoved photo`);

  const absolute = new PhotoAnimator(networks, { retarget: { absolute: true } });
  const again = await absolute.animate(portrait, photo);
  assert.ok(farthest(again.landmarks, portrait.crop.toUnit(portrait.landmarks)) < 1e-6);
  assert.equal(loaded.at(-1), "retarget_absolute");
});

test("a motion that speaks is played without smoothing", { skip }, async () => {
  const { networks } = await load(), photo = goldenPicture("photo.png"), elapsed: number[] = [];
  const step: Network = {
    run: (inputs, kept) => (elapsed.push(inputs["elapsed_ms"]![0]!), networks.retarget.step.run(inputs, kept)), close: () => {},
  };
  const animator = new PhotoAnimator({ ...networks, retarget: { ...networks.retarget, step } }), portrait = await animator.enroll(photo, { consent: "artwork" });
  const fields = { landmarks: driver.slice(0, 3), timestampsMs: Float64Array.of(0, 40, 80), imageSize: faces.driver_size, fps: 25 };
  for (const speech of [true, false]) for await (const _ of animator.play(portrait, new Motion({ ...fields, speech })));
  assert.deepEqual(elapsed, [0, 0, 0, 0, 40, 40]);
});

test("a network that few need is loaded once, when it is first run, and let go of if it was", async () => {
  let loads = 0, closed = 0;
  const network: Network = { run: async () => ({ loads: Float32Array.of(loads) }), close: () => closed++ };
  const lazy = new LazyNetwork(async () => (loads++, network)), unused = new LazyNetwork(async () => assert.fail("not to be loaded"));
  assert.equal(loads, 0);
  await Promise.all([lazy.run({}), lazy.run({})]);
  assert.equal(loads, 1);
  lazy.close();
  unused.close();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(closed, 1);
});

test("a bundle without the networks for one picture says so when they are needed", { skip }, async () => {
  const bundle = await Bundle.load(readFileSync(path.join(ROOT, "tests/golden/bindings/files/good.bundle")));
  const networks = await shared!;
  const imageMode = new LazyNetwork(() => loadPart(bundle, "image_mode", python!.of(file)));
  const animator = new PhotoAnimator({ ...networks, retarget: { ...networks.retarget, imageMode } });
  const photo = goldenPicture("photo.png"), portrait = await animator.enroll(photo, { consent: "artwork" });
  await assert.rejects(animator.animate(portrait, photo), { name: "ValueError", message: /no part 'image_mode'/ });
});

for (const afterCut of [false, true]) {
  test(`another reference takes over without a jump, ${afterCut ? "after a cut" : "in one take"}`, { skip }, async () => {
    const { retarget } = await shared!, portrait = landmarksOf(faces.portrait), crop = new SquareCrop(0, 0, 288);
    const retargeter = new Retargeter(retarget, portrait, crop, { smooth: false });
    await assert.rejects(retargeter.restart(driver[0]!, faces.driver_size, 400, afterCut), /before restart/);
    await retargeter.start(driver[4]!, faces.driver_size); // turned aside
    const made: Landmarks[] = [];
    for (let frame = 0; frame < 20; frame++) {
      if (frame === 2) await retargeter.restart(driver[0]!, faces.driver_size, 400, afterCut);
      made.push(await retargeter.step(driver[frame < 2 ? 4 : 0]!, frame * 40));
    }
    const rest = crop.toUnit(portrait), steps = made.slice(1).map((face, index) => farthest(face, made[index]!));
    assert.ok(farthest(made[19]!, rest) < 1e-5);
    const straight = new Retargeter(retarget, portrait, crop, { smooth: false });
    await straight.start(driver[4]!, faces.driver_size);
    const before = await straight.step(driver[0]!, 0);
    assert.ok(farthest(before, rest) > 0.02);
    assert.ok(farthest(made[2]!, afterCut ? rest : before) < 1e-5);
    assert.ok(Math.max(...steps.slice(2)) < 0.2 * farthest(before, rest) + 1e-5);
  });
}
