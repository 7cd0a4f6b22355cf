/**
 * Runs in a Web Worker: one `PhotoAnimator`, the portraits of one photo, one driver at a time. Build it as a classic script.
 *
 * It starts further workers with the same script that run the animate networks and nothing else: one with one thread, else two,
 * which make two frames at once without waiting for one another. Here meanwhile the next face is looked for, and the frame
 * before pasted into the photo.
 */

import { loadNetworks } from "./animator_networks.js";
import { Bundle } from "./bundle.js";
import { type Handlers, serve } from "./calls.js";
import { afterCut } from "./driver_anchor.js";
import { DriverFollower } from "./driver_follower.js";
import { RuntimeError } from "./errors.js";
import { ExpressionBasis } from "./expressions.js";
import { FrameReader } from "./frame_reader.js";
import { LipsNetwork, SAMPLE_RATE } from "./lips_network.js";
import { LiteRT, type LiteRTOptions, loadProgram } from "./litert.js";
import { MarkMessage } from "./mark_code.js";
import { MotionTaker } from "./motion_taker.js";
import { MAX_FACES, requireConsistent } from "./options.js";
import { PhotoAnimator } from "./photo_animator.js";
import { PixelMark } from "./pixel_mark.js";
import type { Portrait } from "./portrait.js";
import type { AnimatedFrame, Player } from "./portrait_player.js";
import { RemoteRuntime, serveRuntime } from "./remote_runtime.js";
import { SpeechListener } from "./speech_motion.js";
import { FaceTracker } from "./tracker.js";
import { Turns } from "./turns.js";
import { Voice } from "./voice.js";
import type { WorkerCalls, WorkerFrame, WorkerSettings } from "./worker_protocol.js";

/** Name of a worker that runs the animate networks. */
const MAKER = "monalive animate";
/** So many of them: each holds a copy of the networks, and a frame waits for those before it. */
const MOST_MAKERS = 2;

let animator: PhotoAnimator | undefined;
let modelVersion = "";
let portraits: readonly Portrait[] = [];
let player: Player | undefined;
let taker: MotionTaker | undefined;
let small: LiteRT | undefined; // runs the networks that are not for every frame
let listener: SpeechListener | undefined;
let gains: WorkerCalls["setGains"][0] = {};
let message: MarkMessage | undefined;
let mark: PixelMark | undefined;
const reader = new FrameReader(), reads = new Turns();

const handlers: Handlers<WorkerCalls> = {
  async open(options: WorkerSettings) {
    const own = { reference: "recent", ...options, runningMode: "VIDEO" } as const;
    requireConsistent(own);
    const bundle = await Bundle.load(options.bundle), program = await loadProgram(options.wasm), { numThreads = 2 } = options;
    modelVersion = bundle.modelVersion;
    const threads = Math.max(1, Math.min(numThreads, navigator.hardwareConcurrency)), makers = Math.min(threads, MOST_MAKERS);
    const settings: LiteRTOptions = { program, numThreads: Math.floor(threads / makers), busyNetworks: 1 };
    const worker = (): Worker => new Worker(self.location.href, { name: MAKER });
    const animating = Array.from({ length: makers }, () => new RemoteRuntime(worker(), settings));
    const runtime = small = await LiteRT.create({ program, numThreads: 1 });
    animator = new PhotoAnimator(await loadNetworks(bundle, options.tracker, runtime, animating), own, runtime);
    return { threads: program.threads };
  },
  async faces(photo) {
    return (await opened().faces(photo)).map(({ landmarks }) => landmarks);
  },
  async enroll({ photo, consent, face, others }) {
    const said = consent === undefined ? {} : { consent };
    portraits = face === "all" ? await opened().enrollAll(photo, said) : [await opened().enroll(photo, { ...said, face, others })];
    player = undefined;
    opened().reset();
    mark = await newMark();
    const { crop: { x, y, side }, landmarks } = portraits[0]!;
    return { crop: { x, y, side }, landmarks: landmarks.slice(), modelVersion };
  },
  async take() {
    taker = new MotionTaker(new DriverFollower(new FaceTracker(opened().networks.tracker, MAX_FACES)));
  },
  async read({ frame, timestampMs }) {
    if (!taker) throw new RuntimeError("there is no motion being taken: begin one first");
    return taker.add(await reader.read(frame, false), timestampMs);
  },
  async taken(name) {
    if (!taker) throw new RuntimeError("there is no motion being taken: begin one first");
    const motion = taker.motion(name);
    taker = undefined;
    return { ...motion };
  },
  async listen({ samples, speech, options }) {
    if (!small) throw new RuntimeError("the animator is not open yet");
    listener?.network.close();
    listener = undefined;
    const basis = ExpressionBasis.load(speech.expressions, "the expression model");
    const network = await LipsNetwork.load(await Bundle.load(speech.bundle, "the speech bundle"), small);
    try {
      listener = new SpeechListener(Voice.fromSamples(samples, SAMPLE_RATE), network, basis, options);
    } catch (error) {
      network.close();
      throw error;
    }
    return listener.speechHeard;
  },
  async hear() {
    return heard().hear();
  },
  async spoken() {
    const { network } = heard(), motion = heard().motion();
    network.close();
    listener = undefined;
    return { ...motion };
  },
  async start({ landmarks, size, smooth }) {
    player = opened().player(present(), smooth);
    player.setGains(gains);
    await player.start(landmarks, size);
  },
  async step({ landmarks, timestampMs, anew }) {
    const playing = player;
    if (!playing) throw new RuntimeError("there is no driver to follow: start one first");
    if (anew) await playing.anchored(afterCut(anew.landmarks), anew.size);
    return timed(() => playing.frame(landmarks, timestampMs));
  },
  async follow({ frame, timestampMs, mirror }) {
    const picture = await reads.take(() => reader.read(frame, mirror));
    return timed(() => opened().animateForVideo(present(), picture, timestampMs));
  },
  async setGains(changed) {
    gains = changed;
    opened().setGains(changed);
    player?.setGains(changed);
  },
  async setMarked(marked) {
    message = marked ? MarkMessage.random() : undefined;
    mark = await newMark();
  },
  async reanchor() {
    opened().reanchor();
  },
  async reset() {
    player = undefined;
    opened().reset();
  },
};

if (self.name === MAKER) {
  serveRuntime(self, (settings: LiteRTOptions) => LiteRT.create(settings));
} else {
  serve<WorkerCalls>(self, {
    handlers,
    overlapping: ["step", "follow"],
    vital: ["open"],
    handedOver: (call, result) => (call === "step" || call === "follow" ? [(result as WorkerFrame).image.data.buffer as ArrayBuffer] : []),
  });
}

async function timed(work: () => Promise<AnimatedFrame>): Promise<WorkerFrame> {
  const began = performance.now();
  const { image, timestampMs, driverFound, cut } = await work();
  mark?.applyTo(image);
  return { image, timestampMs, driverFound, cut, workMs: performance.now() - began };
}

async function newMark(): Promise<PixelMark | undefined> {
  const photo = portraits[0]?.photo;
  return message && photo && PixelMark.create(message, photo.width, photo.height, portraits.map(({ crop }) => crop));
}

function opened(): PhotoAnimator {
  if (!animator) throw new RuntimeError("the animator is not open yet");
  return animator;
}

function heard(): SpeechListener {
  if (!listener) throw new RuntimeError("there is no sound being heard: begin with one first");
  return listener;
}

function present(): readonly Portrait[] {
  if (!portraits.length) throw new RuntimeError("there is no portrait to animate: enrol a photo first");
  return portraits;
}
