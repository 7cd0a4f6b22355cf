/** The page: its controls, tied to what they do. */

import { REGIONS, type Region } from "../../../bindings/web/src/retarget.js";
import { motionFile } from "../../../bindings/web/src/motion_writer.js";
import { AnimatorWorker, Motion, WorkerCrash, type WorkerFrame, type WorkerSpeech } from "../../../bindings/web/src/worker_client.js";
import { markedVideo } from "./ai_made.js";
import { checkFiles } from "./check.js";
import { attempt, complain, element, onFiles, say } from "./dom.js";
import type { Driver } from "./drivers.js";
import { Engine } from "./engine.js";
import { Film } from "./film.js";
import { EXPRESSIONS, HandDriver, type HandName, TURNS } from "./hand.js";
import type { Format } from "./make_video.js";
import { VoiceRecorder } from "./microphone.js";
import { loadPhoto } from "./photo.js";
import { type Way } from "./playback.js";
import { InputProblem } from "./problems.js";
import { isBusy, withProgress } from "./progress.js";
import { Recorder } from "./recorder.js";
import { offerNothing, offerSigned, save } from "./results.js";
import { addSlider } from "./sliders.js";
import { CameraSource, HandSource, MotionSource } from "./sources.js";
import { Stage } from "./stage.js";
import { Subject } from "./subject.js";
import { Thumbnail } from "./thumbnails.js";
import type { View } from "./views.js";

const FIRST_MOTION = "smile";
const LABELS: Record<Region | HandName, string> = {
  pose: "Head", eyes: "Eyes", lips: "Mouth", brows: "Brows", turn: "Turn", nod: "Nod", tilt: "Tilt", smile: "Smile", mouth: "Open mouth",
};
const HAND_LABELS: Partial<typeof LABELS> = { eyes: "Close eyes", brows: "Raise brows" };

const stage = new Stage(element<HTMLCanvasElement>("canvas"));
const play = element<HTMLButtonElement>("play"), record = element<HTMLButtonElement>("record"), make = element<HTMLButtonElement>("make");
const camera = element<HTMLButtonElement>("camera"), microphone = element<HTMLButtonElement>("microphone"), badge = element<HTMLInputElement>("badge");
const motions = new Map<string, Promise<Motion>>(), thumbnails = new Map<string, Thumbnail>();
let opened: (engine: Engine | Promise<never>) => void;
const opening = new Promise<Engine>((resolve) => (opened = resolve));
opening.catch(() => {}); // told where it is opened
const subject = new Subject(opening, stage, () => attempt(animate));
let engine: Engine | undefined;
let hand: HandDriver | undefined;
let driver: Driver | undefined; // a motion that plays or may be played; none with camera and sliders
let recorder: Recorder | undefined;
let voiceRecorder: VoiceRecorder | undefined;
let models: Promise<WorkerSpeech> | undefined; // for speech, once it is asked for
let hiddenWhilePlaying = false;
let faceSeen = true;

async function bytes(url: string): Promise<Uint8Array> {
  const response = await fetch(url);
  if (!response.ok) throw new InputProblem(`${url} could not be loaded (${response.status}). Is monalive ui still running?`);
  return new Uint8Array(await response.arrayBuffer());
}

function selected<T extends string>(id: string): T {
  return element<HTMLSelectElement>(id).value as T;
}

async function animate(): Promise<void> {
  if (!subject.ready) return;
  if (recorder) throw new InputProblem("Stop the recording first.");
  await subject.enroll();
  setPaused(false);
  if (engine?.source) engine.again();
  else await playBuiltIn(FIRST_MOTION, true);
  showWhatCanBeMade();
}

/** `byItself`: nobody asked for it, so it gives way to what was chosen while it was loading. */
async function playBuiltIn(name: string, byItself = false): Promise<void> {
  const motion = await builtIn(name);
  if (!byItself || !engine?.source) playDriver({ kind: name, motion });
}

function builtIn(name: string): Promise<Motion> {
  let motion = motions.get(name);
  if (!motion) motions.set(name, (motion = bytes(`motions/${name}.motion`).then((content) => Motion.load(content, name))));
  return motion;
}

function setDriver(next: Driver | undefined): void {
  if (driver?.film !== next?.film) driver?.film?.close();
  if (driver?.voice !== next?.voice) driver?.voice?.close();
  const speaks = next?.motion.speech ?? false;
  if (next !== driver) subject.setSpeaking(speaks);
  if (speaks) showBadge(true);
  element<HTMLSelectElement>("way").disabled = speaks;
  badge.disabled = speaks; // what puts words into a mouth says always that it is AI-made
  driver = next;
  showWhatCanBeMade();
}

/** What speaks is not played backwards. */
function wayOf({ motion }: Driver): Way {
  return motion.speech ? "loop" : selected<Way>("way");
}

function playDriver(next: Driver): void {
  if (recorder && next.motion.speech) throw new InputProblem("Stop the recording first.");
  setDriver(next);
  showSource(next.kind);
  start(() => engine?.play(new MotionSource(next, wayOf(next))));
}

function start(begin: () => void): void {
  setPaused(!subject.ready);
  faceSeen = true;
  begin();
  if (!subject.ready) say(document.body.classList.contains("empty") ? "Choose a photo first." : "Say whose face it is, and it comes to life.");
}

function showSource(name: string): void {
  for (const choice of document.querySelectorAll<HTMLInputElement>("#motions input")) choice.checked = choice.value === name;
  for (const thumbnail of thumbnails.values()) thumbnail.rest(); // what is chosen has another colour
  camera.setAttribute("aria-pressed", String(name === "camera"));
  camera.textContent = name === "camera" ? "Stop the camera" : "Use the camera";
  element("neutral").hidden = name !== "camera";
}

function showWhatCanBeMade(): void {
  const waits = !engine?.photo || !subject.ready;
  make.disabled = waits || !driver || recorder !== undefined;
  play.disabled = waits;
  record.disabled = !recorder && (waits || driver?.motion.speech === true);
  record.title = driver?.motion.speech ? "What speaks is made with its sound by “Make the video”." : "";
  element<HTMLSelectElement>("view").disabled = recorder !== undefined; // it would change the size of what is recorded
  make.title = engine?.photo && !driver ? "Pick a motion or a video; what camera and sliders do is recorded live." : "";
  element<HTMLButtonElement>("save-motion").disabled = !driver;
}

/** A video or a `.motion` file moves the photo. */
async function openDriver(file: File): Promise<void> {
  if (file.name.toLowerCase().endsWith(".motion")) {
    const motion = Motion.load(new Uint8Array(await file.arrayBuffer()), `the file ${file.name}`);
    playDriver({ kind: "", motion });
    if (subject.ready) say(`${file.name} plays: ${(motion.durationMs / 1000).toFixed(1)} seconds.`);
    return;
  }
  say(`Opening ${file.name}…`);
  const [running, { motionOf }] = await Promise.all([opening, import("./film_reader.js")]);
  const { motion, startMs, hasSound } = await withProgress(`Reading the face in ${file.name}`, (work) =>
    running.alone((animator) => motionOf(animator, file, work)));
  const film = await Film.open(file);
  playDriver({ kind: "video", motion, ...film && { film }, ...hasSound && { sound: { file, startMs } } });
  if (subject.ready) say(`${file.name} plays: ${(motion.durationMs / 1000).toFixed(1)} seconds.`);
}

/** The photo says what is heard in a file. */
async function openSound(file: Blob, name: string): Promise<void> {
  if (recorder) throw new InputProblem("Stop the recording first.");
  say(`Opening ${name}…`);
  models ??= Promise.all(["speech.bundle", "expressions.npz"].map((each) => bytes(`models/${each}`)))
    .then(([bundle, expressions]) => ({ bundle: bundle!, expressions: expressions! }));
  models.catch(() => (models = undefined)); // the next time it may be there
  const [running, loaded, { speechDriver }] = await Promise.all([opening, models, import("./speech.js")]);
  const next = await withProgress(`Listening to ${name}`, (work) =>
    running.alone((animator) => speechDriver(animator, file, name, loaded, work)));
  playDriver(next);
}

async function toggleMicrophone(): Promise<void> {
  const recording = voiceRecorder;
  microphone.disabled = true; // until it is allowed, or refused
  try {
    voiceRecorder = recording ? undefined : await VoiceRecorder.open();
  } finally {
    microphone.disabled = false;
  }
  microphone.textContent = recording ? "Record your voice" : "Stop, and let it speak";
  microphone.ariaPressed = String(!recording);
  if (recording) await openSound(await recording.stop(), "your recording");
  else say("Recording your voice…");
}

/** What was dropped: photos are animated, videos and motions drive, sounds are spoken. */
function take(file: File): Promise<void> {
  const drives = file.type.startsWith("video/") || /\.(motion|mp4|m4v|mov|webm|mkv)$/i.test(file.name);
  const speaks = file.type.startsWith("audio/") || /\.(wav|mp3|m4a|aac|ogg|oga|opus|flac)$/i.test(file.name);
  return speaks ? openSound(file, file.name) : drives ? openDriver(file) : subject.take(file, file.name);
}

async function toggleCamera(): Promise<void> {
  if (camera.getAttribute("aria-pressed") === "true") return playBuiltIn(FIRST_MOTION);
  const source = await CameraSource.open(element<HTMLVideoElement>("preview"), () => {
    complain(new InputProblem("The camera went away. A motion plays instead."));
    void playBuiltIn(FIRST_MOTION);
  });
  showCameraPreview();
  showSource("camera");
  start(() => engine?.play(source));
  setDriver(undefined);
  if (engine?.photo) say("Look into the camera from the front; the photo moves as you do.");
}

/** Beside the result it need not be shown twice. */
function showCameraPreview(): void {
  const preview = element<HTMLVideoElement>("preview");
  preview.hidden = !preview.srcObject || stage.view === "driver";
}

function setPaused(paused: boolean): void {
  engine?.pause(paused);
  play.textContent = paused ? "Play" : "Pause";
}

/** Every frame of the motion, however long each takes. */
async function makeVideo(): Promise<void> {
  const running = engine, photo = engine?.photo, moving = driver;
  if (!running || !photo || !moving) return;
  if (moving.motion.speech && !subject.ready) throw new InputProblem("Say whose face it is first.");
  offerNothing();
  make.disabled = record.disabled = true;
  const { view, badge: badged } = stage, { consent, hash } = subject;
  try {
    const { madeVideo } = await import("./make_video.js");
    const request = {
      driver: moving, photo, way: wayOf(moving), rounds: Number(selected("rounds")), format: selected<Format>("format"), view, badge: badged,
      consent: consent || "not stated",
    };
    say("");
    const video = await withProgress("Making the video", (work) =>
      running.alone(async (animator) => {
        await animator.setMarked(true);
        try {
          return await madeVideo(animator, request, work);
        } finally {
          await animator.setMarked(false).catch(() => {}); // a breakdown is told already
        }
      }));
    await offerSigned(video, { consent, motion: moving.kind, photo: hash, badge: badged, speech: moving.motion.speech });
  } finally {
    showWhatCanBeMade();
  }
}

async function toggleRecording(): Promise<void> {
  if (!recorder) {
    record.disabled = true; // until frames are marked
    await engine?.setMarked(true);
    record.disabled = false;
    recorder = new Recorder(stage.canvas);
    record.textContent = "Stop recording";
    record.classList.add("on");
    offerNothing();
    showWhatCanBeMade();
    say("Recording…");
    return;
  }
  const ending = recorder, motion = engine?.sourceName ?? "";
  const { badge: badged } = stage, { consent, hash } = subject;
  recorder = undefined;
  record.textContent = "Record live";
  record.classList.remove("on");
  showWhatCanBeMade();
  const plain = await markedVideo(await ending.stop(), consent || "not stated");
  void engine?.setMarked(false);
  await offerSigned(plain, { consent, motion, photo: hash, badge: badged, speech: false }); // what speaks is not recorded live
}

function onFrame(frame: WorkerFrame): void {
  stage.show(frame.image, stage.view === "driver" ? engine?.source?.picture(frame.timestampMs) : undefined);
  if (frame.driverFound !== faceSeen) {
    faceSeen = frame.driverFound;
    say(faceSeen ? "" : "The camera sees no face. Look into it from the front, well lit.");
  }
}

function makeSliders(): void {
  const gains: Partial<Record<Region, number>> = {};
  for (const region of REGIONS) {
    addSlider(element("gains"), region, LABELS[region], { least: 0, most: 2, step: 0.05, value: 1 }, (value) => {
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
    setDriver(undefined);
  };
  const list = element("hand");
  for (const name of Object.keys(TURNS) as (keyof typeof TURNS)[]) {
    addSlider(list, name, LABELS[name], { least: -1, most: 1, step: 0.02, value: 0 }, (value) => byHand(name, value));
  }
  for (const name of EXPRESSIONS) {
    addSlider(list, name, HAND_LABELS[name] ?? LABELS[name], { least: 0, most: 1, step: 0.02, value: 0 }, (value) => byHand(name, value));
  }
}

function makeMotions(names: readonly string[]): void {
  for (const name of names) {
    const label = document.createElement("label"), thumbnail = new Thumbnail(label);
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "motion", value: name, checked: name === FIRST_MOTION });
    input.addEventListener("change", () => attempt(() => playBuiltIn(name)));
    label.append(input, thumbnail.canvas, name.replaceAll("_", " "));
    element("motions").append(label);
    thumbnails.set(name, thumbnail);
  }
}

function listen(): void {
  onFiles("photo", ([file]) => subject.take(file!, file!.name));
  onFiles("more-photos", (files) => subject.add(files));
  onFiles("driver-file", ([file]) => openDriver(file!));
  onFiles("check", (files) => checkFiles(files, element("verdict")));
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
    const files = [...event.dataTransfer?.files ?? []];
    void attempt(async () => {
      if (isBusy()) throw new InputProblem("Something is being made. Wait until it is done, or cancel it.");
      for (const file of files) await take(file);
    });
  });
  for (const id of ["sample", "try"]) {
    const button = element<HTMLButtonElement>(id);
    button.addEventListener("click", () => attempt(useSample));
    button.disabled = false; // before that a click would be lost
  }
  onFiles("sound-file", ([file]) => openSound(file!, file!.name));
  microphone.addEventListener("click", () => attempt(toggleMicrophone));
  camera.addEventListener("click", () => attempt(toggleCamera));
  element("neutral").addEventListener("click", () => engine?.reanchor());
  addEventListener("keydown", ({ key, ctrlKey, metaKey, altKey }) => {
    if (key.toLowerCase() === "n" && !ctrlKey && !metaKey && !altKey && !element("neutral").hidden) void engine?.reanchor();
  });
  play.addEventListener("click", () => setPaused(!engine?.paused));
  make.addEventListener("click", () => attempt(makeVideo));
  record.addEventListener("click", () => attempt(toggleRecording));
  element("way").addEventListener("change", () => driver && playDriver(driver));
  element("view").addEventListener("change", () => {
    document.body.dataset["view"] = stage.view = selected<View>("view");
    showCameraPreview();
    stage.again();
  });
  element("save-motion").addEventListener("click", () => {
    if (driver) save(new File([motionFile(driver.motion)], `${driver.kind || "my"}.motion`, { type: "application/octet-stream" }));
  });
  const full = element("full");
  full.hidden = !document.fullscreenEnabled;
  full.addEventListener("click", () => attempt(() => drop.requestFullscreen()));
  badge.addEventListener("change", () => showBadge(badge.checked));
  document.addEventListener("visibilitychange", onVisibility);
  setInterval(() => {
    const { rate } = stage;
    element("rate").textContent = rate && !engine?.paused ? `${rate.toFixed(0)} frames/s` : "";
  }, 500);
}

function showBadge(shown: boolean): void {
  badge.checked = stage.badge = shown;
  stage.again();
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
  await subject.take(await response.blob(), "the sample (a person who does not exist)");
}

async function boot(): Promise<void> {
  if (!globalThis.isSecureContext) throw new InputProblem("Open this page at localhost or over HTTPS; browsers allow the models nowhere else.");
  listen();
  makeSliders();
  const [bundle, names, handFile] = await Promise.all([
    bytes("models/default.bundle"),
    fetch("motions.json").then((response) => response.json()), fetch("hand.json").then((response) => response.json()),
  ]);
  hand = new HandDriver(handFile);
  makeMotions(names);
  const asked = Number(new URLSearchParams(location.search).get("threads")); // ?threads=1 for a busy machine
  const numThreads = Number.isInteger(asked) && asked >= 1 ? Math.min(asked, 8) : Math.min(4, navigator.hardwareConcurrency || 2);
  const made = new Engine({ bundle, numThreads }, {
    frame: onFrame,
    crash: (again) => {
      if (again) complain(new InputProblem("The animator stopped and was started again."));
      else complain(new WorkerCrash("given up"));
    },
    failed: complain,
  });
  await made.open();
  engine = made;
  opened(made);
  camera.disabled = microphone.disabled = false;
  if (element("status").textContent === "Loading…") say("");
  document.body.dataset["ready"] = "true";
  for (const [name, thumbnail] of thumbnails) thumbnail.show(await builtIn(name));
}

// For the console, and for tests.
Object.assign(globalThis, { monalive: { AnimatorWorker, Motion, loadPhoto, engine: () => engine, frames: () => stage.frames } });
void attempt(async () => {
  try {
    await boot();
  } catch (error) {
    opened(Promise.reject(error));
    throw error;
  }
});
