/** Runs in a Web Worker: one `PhotoAnimator`, one portrait, one driver at a time. Build it as a classic script. */

import { messageOf } from "./archive.js";
import { Bundle } from "./bundle.js";
import { RuntimeError, ValueError } from "./errors.js";
import { MarkMessage } from "./mark_code.js";
import { PhotoAnimator } from "./photo_animator.js";
import type { Picture } from "./picture.js";
import { PixelMark } from "./pixel_mark.js";
import type { Portrait } from "./portrait.js";
import type { AnimatedFrame, PortraitPlayer } from "./portrait_player.js";
import type { CallName, Reply, Request, WorkerCalls, WorkerFrame, WorkerOptions } from "./worker_protocol.js";

type Handlers = { [Name in CallName]: (argument: WorkerCalls[Name][0]) => Promise<WorkerCalls[Name][1]> };

let animator: PhotoAnimator | undefined;
let modelVersion = "";
let portrait: Portrait | undefined;
let player: PortraitPlayer | undefined;
let gains: WorkerCalls["setGains"][0] = {};
let message: MarkMessage | undefined;
let mark: PixelMark | undefined;
let screen: OffscreenCanvasRenderingContext2D | undefined;

const handlers: Handlers = {
  async open(options: WorkerOptions) {
    modelVersion = (await Bundle.load(options.bundle)).modelVersion;
    animator = await PhotoAnimator.createFromOptions({ ...options, runningMode: "VIDEO" });
  },
  async enroll({ photo, consent }) {
    const enrolled = await opened().enroll(photo, consent === undefined ? {} : { consent });
    portrait = enrolled;
    player = undefined;
    opened().reset();
    mark = await newMark();
    const { x, y, side } = enrolled.crop;
    return { crop: { x, y, side }, landmarks: enrolled.landmarks.slice(), modelVersion };
  },
  async start({ landmarks, size }) {
    player = opened().player(present());
    player.retargeter.setGains(gains);
    await player.start(landmarks, size);
  },
  async step({ landmarks, timestampMs }) {
    const playing = player;
    if (!playing) throw new RuntimeError("there is no driver to follow: start one first");
    return timed(() => playing.frame(landmarks, timestampMs));
  },
  async follow({ frame, timestampMs, mirror }) {
    return timed(() => opened().animateForVideo(present(), pixels(frame, mirror), timestampMs));
  },
  async setGains(changed) {
    gains = changed;
    opened().setGains(changed);
    player?.retargeter.setGains(changed);
  },
  async setMarked(marked) {
    message = marked ? MarkMessage.forRelease() : undefined;
    mark = await newMark();
  },
  async reset() {
    player = undefined;
    opened().reset();
  },
};

/** Calls are answered in the order in which they came: the networks do one thing at a time. */
let last: Promise<void> = Promise.resolve();

self.onmessage = ({ data }: MessageEvent<Request>) => {
  last = last.then(() => answer(data));
};

async function answer({ id, call, argument }: Request): Promise<void> {
  let reply: Reply;
  try {
    reply = { id, result: await (handlers[call] as (given: unknown) => Promise<unknown>)(argument) };
  } catch (error) {
    const { name } = error instanceof Error ? error : new Error();
    const fatal = call === "open" || !(error instanceof ValueError || error instanceof RuntimeError);
    reply = { id, error: { name, message: messageOf(error), fatal } };
  }
  const buffers = "result" in reply && call !== "enroll" && reply.result ? [(reply.result as WorkerFrame).image.data.buffer] : [];
  self.postMessage(reply, { transfer: buffers });
}

async function timed(work: () => Promise<AnimatedFrame>): Promise<WorkerFrame> {
  const began = performance.now();
  const { image, timestampMs, driverFound } = await work();
  // A copy crosses over: the last frame stays here, for while the driver's face is not to be seen.
  const frame = { width: image.width, height: image.height, data: image.data.slice() };
  mark?.applyTo(frame);
  return { image: frame, timestampMs, driverFound, workMs: performance.now() - began };
}

async function newMark(): Promise<PixelMark | undefined> {
  return message && portrait && PixelMark.create(message, portrait.photo.width, portrait.photo.height, [portrait.crop]);
}

function pixels(frame: ImageBitmap, mirror: boolean): Picture {
  const { width, height } = frame;
  if (!screen || screen.canvas.width !== width || screen.canvas.height !== height) {
    screen = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  }
  screen.setTransform(mirror ? -1 : 1, 0, 0, 1, mirror ? width : 0, 0);
  screen.drawImage(frame, 0, 0);
  frame.close();
  const { data } = screen.getImageData(0, 0, width, height);
  return { width, height, data };
}

function opened(): PhotoAnimator {
  if (!animator) throw new RuntimeError("the animator is not open yet");
  return animator;
}

function present(): Portrait {
  if (!portrait) throw new RuntimeError("there is no portrait to animate: enrol a photo first");
  return portrait;
}
