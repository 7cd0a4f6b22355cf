/** The page: photo, consent, motion, sliders and recording, tied to the engine. */

import { REGIONS, type Region } from "../../../bindings/web/src/retarget.js";
import { AnimatorWorker, Motion, WorkerCrash, type WorkerFrame } from "../../../bindings/web/src/worker_client.js";
import { markedVideo, videoName } from "./ai_made.js";
import { checkFiles } from "./check.js";
import { Engine } from "./engine.js";
import { EXPRESSIONS, HandDriver, type HandName, TURNS } from "./hand.js";
import { sha256, signed, type Signed } from "./machine.js";
import { InputProblem, loadPhoto, type LoadedPhoto } from "./photo.js";
import { Recorder } from "./recorder.js";
import { CameraSource, HandSource, MotionSource } from "./sources.js";
import { Stage } from "./stage.js";

const FIRST_MOTION = "smile";
const LABELS: Record<Region | HandName, string> = {
  pose: "Head", eyes: "Eyes", lips: "Mouth", brows: "Brows", turn: "Turn", nod: "Nod", tilt: "Tilt", smile: "Smile", mouth: "Open mouth",
};
const HAND_LABELS: Partial<typeof LABELS> = { eyes: "Close eyes", brows: "Raise brows" };

const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const stage = new Stage(element<HTMLCanvasElement>("canvas"));
const play = element<HTMLButtonElement>("play"), record = element<HTMLButtonElement>("record");
const camera = element<HTMLButtonElement>("camera"), download = element<HTMLAnchorElement>("download");
const credentials = element<HTMLAnchorElement>("credentials");
const motions = new Map<string, Promise<Motion>>();
let engine: Engine | undefined;
let hand: HandDriver | undefined;
let waiting: (LoadedPhoto & { hash: string }) | undefined; // chosen, but nobody has said yet whose face it is
let photoHash = "";
let recorder: Recorder | undefined;
let hiddenWhilePlaying = false;
let faceSeen = true;

function say(text: string): void {
  if (element("status").textContent !== text) element("status").textContent = text;
}

/** A problem, in words for the user; the page goes on. */
function complain(error: unknown): void {
  const problem = element("alert");
  problem.hidden = false;
  problem.textContent = error instanceof WorkerCrash || !(error instanceof Error)
    ? "The animator could not be started. Reload the page; if that does not help, close other tabs to free memory."
    : error instanceof InputProblem ? error.message : sentence(error.message);
  console.info(error);
}

function sentence(text: string): string {
  const large = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(large) ? large : `${large}.`;
}

/** Runs what a user asked for; whatever goes wrong is said. */
async function attempt(work: () => Promise<void>): Promise<void> {
  element("alert").hidden = true;
  try {
    await work();
  } catch (error) {
    complain(error);
  }
}

async function bytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new InputProblem(`${url} could not be loaded (${response.status}). Is monalive ui still running?`);
  return new Uint8Array(await response.arrayBuffer());
}

function consent(): string | undefined {
  return document.querySelector<HTMLInputElement>("input[name=consent]:checked")?.value;
}

/** Takes a photo: shown at once, animated when it is known whose face it is. */
async function take(file: Blob, name: string): Promise<void> {
  say(`Opening ${name}…`);
  waiting = { ...await loadPhoto(file, name), hash: await sha256(file) };
  // What was said holds for the photo it was said of.
  for (const choice of document.querySelectorAll<HTMLInputElement>("input[name=consent]")) choice.checked = false;
  engine?.pause(true);
  stage.show(waiting.picture, false);
  element("hint").hidden = true;
  element("consent").classList.add("asked");
  say(`${waiting.remark} Say whose face it is, and it comes to life.`.trim());
}

async function animate(): Promise<void> {
  const said = consent();
  if (!engine || !waiting || !said) return;
  const { picture, remark, hash } = waiting;
  say("Looking for the face…");
  try {
    await engine.enroll(picture, said);
    photoHash = hash;
  } catch (error) {
    if (engine.photo) stage.show(engine.photo, false);
    say("Choose another photo.");
    throw error;
  } finally {
    waiting = undefined;
    element("consent").classList.remove("asked");
  }
  say(remark);
  setPaused(false);
  play.disabled = record.disabled = false;
  if (engine.sourceName) engine.again();
  else await playMotion(FIRST_MOTION, true);
}

/** `byItself`: nobody asked for it, so it gives way to what was chosen while it was loading. */
async function playMotion(name: string, byItself = false): Promise<void> {
  let motion = motions.get(name);
  if (!motion) motions.set(name, (motion = bytes(`motions/${name}.motion`).then((content) => Motion.load(content, name))));
  const source = new MotionSource(await motion);
  if (byItself && engine?.sourceName) return;
  showSource(name);
  start(() => engine?.play(source));
}

function start(begin: () => void): void {
  setPaused(false);
  faceSeen = true;
  begin();
  if (!engine?.photo) say(waiting ? "Say whose face it is, and it comes to life." : "Choose a photo first.");
}

function showSource(name: string): void {
  for (const choice of document.querySelectorAll<HTMLInputElement>("#motions input")) choice.checked = choice.value === name;
  camera.setAttribute("aria-pressed", String(name === "camera"));
  camera.textContent = name === "camera" ? "Stop the camera" : "Use the camera";
  element("neutral").hidden = name !== "camera";
}

async function toggleCamera(): Promise<void> {
  if (camera.getAttribute("aria-pressed") === "true") return playMotion(FIRST_MOTION);
  const source = await CameraSource.open(element<HTMLVideoElement>("preview"), () => {
    complain(new InputProblem("The camera went away. A motion plays instead."));
    void playMotion(FIRST_MOTION);
  });
  showSource("camera");
  start(() => engine?.play(source));
  say("Look into the camera from the front; the photo moves as you do.");
}

function setPaused(paused: boolean): void {
  engine?.pause(paused);
  play.textContent = paused ? "Play" : "Pause";
}

async function toggleRecording(): Promise<void> {
  if (!recorder) {
    record.disabled = true; // until frames are marked
    await engine?.setMarked(true);
    record.disabled = false;
    recorder = new Recorder(stage.canvas);
    record.textContent = "Stop recording";
    record.classList.add("on");
    download.hidden = credentials.hidden = true;
    say("Recording…");
    return;
  }
  const ending = recorder;
  recorder = undefined;
  record.textContent = "Record";
  record.classList.remove("on");
  const said = consent() ?? "", motion = engine?.sourceName ?? "", badge = stage.badge, photo = photoHash;
  const plain = await markedVideo(await ending.stop(), said || "not stated");
  void engine?.setMarked(false);
  say("Signing…");
  let made: Signed = { video: plain, credentials: null }, unsigned = "";
  try {
    made = await signed(plain, { consent: said, motion, photo, badge });
  } catch (error) {
    unsigned = ` It is not signed: ${error instanceof Error ? error.message : error}.`;
  }
  const name = videoName(motion, made.video.type);
  offer(download, made.video, name);
  if (made.credentials) offer(credentials, made.credentials, name.replace(/\.\w+$/, ".c2pa"));
  download.focus();
  const beside = made.credentials ? " WebM cannot hold its signature: download that as well, and share both files." : "";
  say(`Recorded ${(made.video.size / 1e6).toFixed(1)} MB${unsigned ? "." : ", signed."}${beside}${unsigned}`);
}

function offer(link: HTMLAnchorElement, content: Blob, name: string): void {
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.hidden = false;
}

function onFrame(frame: WorkerFrame): void {
  stage.show(frame.image, true);
  if (frame.driverFound !== faceSeen) {
    faceSeen = frame.driverFound;
    say(faceSeen ? "" : "The camera sees no face. Look into it from the front, well lit.");
  }
}

function slider(list: HTMLElement, name: string, label: string, range: readonly [number, number, number, number], change: (value: number) => void): void {
  const [least, most, step, value] = range;
  const input = Object.assign(document.createElement("input"), { type: "range", id: `${list.id}-${name}`, min: `${least}`, max: `${most}`, step: `${step}`, value: `${value}` });
  const text = Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: label });
  const output = Object.assign(document.createElement("output"), { textContent: `${value}` });
  input.addEventListener("input", () => {
    output.textContent = input.value;
    change(input.valueAsNumber);
  });
  list.append(text, input, output);
}

function makeSliders(): void {
  const gains: Partial<Record<Region, number>> = {};
  for (const region of REGIONS) {
    slider(element("gains"), region, LABELS[region], [0, 2, 0.05, 1], (value) => {
      gains[region] = value;
      void engine?.setGains({ gains: { ...gains } });
    });
  }
  const byHand = (name: HandName, value: number): void => {
    if (!hand || !engine) return;
    hand.values[name] = value;
    if (engine.sourceName === "by hand") return;
    const source = new HandSource(hand);
    showSource("by hand");
    start(() => engine?.play(source));
  };
  const list = element("hand");
  for (const name of Object.keys(TURNS) as (keyof typeof TURNS)[]) {
    slider(list, name, LABELS[name], [-1, 1, 0.02, 0], (value) => byHand(name, value));
  }
  for (const name of EXPRESSIONS) {
    slider(list, name, HAND_LABELS[name] ?? LABELS[name], [0, 1, 0.02, 0], (value) => byHand(name, value));
  }
}

function makeMotions(names: readonly string[]): void {
  for (const name of names) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "motion", value: name, checked: name === FIRST_MOTION });
    input.addEventListener("change", () => attempt(() => playMotion(name)));
    label.append(input, name.replaceAll("_", " "));
    element("motions").append(label);
  }
}

function fileOf(input: HTMLInputElement, use: (file: File) => Promise<void>): void {
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    input.value = ""; // the same file may be chosen again
    if (file) void attempt(() => use(file));
  });
}

function listen(): void {
  fileOf(element<HTMLInputElement>("photo"), (file) => take(file, file.name));
  fileOf(element<HTMLInputElement>("motion-file"), async (file) => {
    const motion = Motion.load(new Uint8Array(await file.arrayBuffer()), `the file ${file.name}`);
    showSource("");
    start(() => engine?.play(new MotionSource(motion)));
    say(`${file.name} plays: ${(motion.durationMs / 1000).toFixed(1)} seconds.`);
  });
  const drop = element("drop");
  for (const kind of ["dragenter", "dragover"] as const) {
    addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  addEventListener("dragleave", () => drop.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const file = event.dataTransfer?.files[0];
    if (file) void attempt(() => take(file, file.name));
  });
  const check = element<HTMLInputElement>("check");
  check.addEventListener("change", () => {
    const files = [...check.files ?? []];
    check.value = "";
    void attempt(() => checkFiles(files, element("verdict")));
  });
  element("sample").addEventListener("click", () => attempt(useSample));
  element("consent").addEventListener("change", () => attempt(animate));
  camera.addEventListener("click", () => attempt(toggleCamera));
  element("neutral").addEventListener("click", () => engine?.reanchor());
  addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
    if (key.toLowerCase() === "n" && !ctrlKey && !metaKey && !altKey && !element("neutral").hidden) void engine?.reanchor();
  });
  play.addEventListener("click", () => setPaused(!engine?.paused));
  record.addEventListener("click", () => attempt(toggleRecording));
  element<HTMLInputElement>("badge").addEventListener("change", ({ target }) => {
    stage.badge = (target as HTMLInputElement).checked;
    stage.again();
  });
  document.addEventListener("visibilitychange", onVisibility);
  setInterval(() => {
    const { rate } = stage;
    element("rate").textContent = rate && !engine?.paused ? `${rate.toFixed(0)} frames/s` : "";
  }, 500);
}

function onVisibility(): void {
  recorder?.hold(document.hidden);
  if (document.hidden) {
    hiddenWhilePlaying = Boolean(engine?.photo) && !engine?.paused;
    if (hiddenWhilePlaying) setPaused(true);
  } else if (hiddenWhilePlaying) {
    hiddenWhilePlaying = false;
    setPaused(false);
    say("It was paused while the page was hidden.");
  }
}

async function useSample(): Promise<void> {
  const response = await fetch("sample.jpg");
  await take(await response.blob(), "the sample (a person who does not exist)");
}

async function boot(): Promise<void> {
  if (!globalThis.isSecureContext) throw new InputProblem("Open this page at localhost or over HTTPS; browsers allow the models nowhere else.");
  listen();
  makeSliders();
  const sample = useSample();
  const [bundle, names, handFile] = await Promise.all([
    bytes("models/default.bundle"),
    fetch("motions.json").then((response) => response.json()), fetch("hand.json").then((response) => response.json()),
  ]);
  hand = new HandDriver(handFile);
  makeMotions(names);
  const wasmUrl = new URL("wasm/", location.href).href;
  const asked = Number(new URLSearchParams(location.search).get("threads")); // ?threads=1 for a busy machine
  const numThreads = Number.isInteger(asked) && asked >= 1 ? Math.min(asked, 8) : Math.min(4, navigator.hardwareConcurrency || 2);
  const made = new Engine("worker.js", { bundle, wasmUrl, numThreads }, {
    frame: onFrame,
    crash: (again) => {
      if (again) complain(new InputProblem("The animator stopped and was started again."));
      else complain(new WorkerCrash("given up"));
    },
    failed: complain,
  });
  await made.open();
  engine = made;
  await sample;
  element<HTMLButtonElement>("sample").disabled = camera.disabled = false;
  document.body.dataset["ready"] = "true";
  if (consent()) await animate(); // said while the models were loading
}

// For the console, and for tests.
Object.assign(globalThis, { monalive: { AnimatorWorker, Motion, loadPhoto, engine: () => engine, frames: () => stage.frames } });
void attempt(boot);
