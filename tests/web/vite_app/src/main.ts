/** What a user of the package would write: nothing is said of where worker and WASM are. */

import { AnimatorWorker, Motion, type Picture, type WorkerFrame } from "monalive-web";

const FRAMES = 12;

async function bytes(url: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(url)).arrayBuffer());
}

async function photo(url: string, side: number): Promise<Picture> {
  const bitmap = await createImageBitmap(await (await fetch(url)).blob());
  const context = new OffscreenCanvas(side, side).getContext("2d")!;
  context.drawImage(bitmap, 0, 0, side, side);
  return context.getImageData(0, 0, side, side);
}

/** Plays some frames of a motion; how many pixels moved in the last one. */
async function play(): Promise<{ moved: number; threads: boolean; isolated: boolean }> {
  const animator = await AnimatorWorker.create({ bundle: await bytes("/data/default.bundle") });
  const still = await photo("/data/sample.jpg", 256), motion = Motion.load(await bytes("/data/laugh.motion"));
  await animator.enroll(still, "artwork");
  await animator.start(motion.takes[0]!.reference, motion.imageSize);
  let last: WorkerFrame | undefined;
  for (let i = 0; i < FRAMES; i++) last = await animator.step(motion.landmarks[i]!, motion.timestampsMs[i]!);
  const canvas = document.querySelector("canvas")!, { data, width, height } = last!.image;
  Object.assign(canvas, { width, height });
  canvas.getContext("2d")!.putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
  const { threads } = animator;
  animator.close();
  const moved = still.data.reduce((count, value, i) => count + Number(Math.abs(value - data[i]!) > 16), 0);
  return { moved, threads, isolated: crossOriginIsolated };
}

/** Makes an animator and lets go of it. */
async function round(): Promise<void> {
  const animator = await AnimatorWorker.create({ bundle: await bytes("/data/default.bundle"), numThreads: 1 });
  animator.close();
}

Object.assign(globalThis, { app: { play, round } });
