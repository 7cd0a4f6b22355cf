// Drives the page that `monalive ui` serves through one scenario and prints what happened as JSON.
//
//   node browser/page_check.mjs SCENARIO URL FOLDER [CAMERA.mjpeg]
//
// Pictures and videos go to FOLDER, inputs come from there. The scenarios are the functions below; tests/web runs them.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openChromium } from "./chromium.mjs";

const DESKTOP = { width: 1200, height: 900 }, PHONE = { width: 390, height: 844 };
const PATIENCE = Number(process.env.MONALIVE_PATIENCE_S ?? 120) * 1000;
const THREADS = Number(process.env.MONALIVE_THREADS ?? 2);
const [scenario, url, folder, camera] = process.argv.slice(2);
const { origin, protocol } = new URL(url ?? "http://localhost");

const text = (page, id) => page.textContent(`#${id}`);
const shot = (page, name) => page.screenshot({ path: path.join(folder, name), fullPage: true });
const sum = (page) => page.evaluate(() => {
  const canvas = document.getElementById("canvas");
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.reduce((total, value, i) => (total * 31 + value * (1 + (i % 7))) >>> 0, 0);
});

const frames = (page) => page.evaluate(() => globalThis.monalive.frames());

/** Waits until `count` more frames were shown. */
async function more(page, count = 1) {
  const enough = (await frames(page)) + count;
  await page.waitForFunction((number) => globalThis.monalive.frames() >= number, enough);
}

/** How many of `count` looks at the canvas, at least two frames apart, differ from the look before. */
async function changes(page, count = 4) {
  let changed = 0, before = await sum(page);
  for (let i = 0; i < count; i++) {
    await more(page, 2);
    const now = await sum(page);
    changed += now !== before;
    before = now;
  }
  return changed;
}

/** Frames shown in 1.5 s. */
async function framesWhileWaiting(page) {
  const before = await frames(page);
  await page.waitForTimeout(1500);
  return (await frames(page)) - before;
}

/** Frames per second, over at least 3 s, or so many, and 10 frames. */
async function frameRate(page, seconds = 3) {
  await more(page);
  const start = Date.now(), before = await frames(page);
  await Promise.all([page.waitForTimeout(seconds * 1000), more(page, 10)]);
  return Number((((await frames(page)) - before) * 1000 / (Date.now() - start)).toFixed(2));
}

async function open(browser, prepare) {
  const page = await browser.context.newPage();
  if (prepare) await page.addInitScript(prepare);
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("request", (request) => request.url().startsWith(`${origin}/`) || /^(blob|data):/.test(request.url()) || page.errors.push(`asked ${request.url()}`));
  page.setDefaultTimeout(PATIENCE);
  await page.goto(`${url}?threads=${THREADS}`);
  return page;
}

/** The page with the sample in it, its question answered. */
async function openWithSample(browser, prepare) {
  const page = await open(browser, prepare);
  await page.click("#try");
  await consent(page);
  return page;
}

const ready = (page) => page.waitForSelector("body[data-ready]", { state: "attached" });
const moving = async (page) => {
  await page.waitForFunction(() => globalThis.monalive?.engine()?.photo);
  await more(page);
};
/** Answers whose face it is, as soon as that is asked. */
async function consent(page, value = "artwork") {
  await page.waitForSelector("#consent.asked");
  await page.click(`#consent button[value=${value}]`);
}
const alertText = async (page, about) => {
  await page.waitForFunction((word) => {
    const box = document.getElementById("alert");
    return !box.hidden && box.textContent.includes(word);
  }, about);
  return text(page, "alert");
};

/** Saves what a link offers; its file name, empty if the link is hidden. */
async function save(page, link) {
  if (!await page.isVisible(link)) return "";
  const [download] = await Promise.all([page.waitForEvent("download"), page.click(link)]);
  await download.saveAs(path.join(folder, download.suggestedFilename()));
  return download.suggestedFilename();
}

/** Makes a video with the options that the page's lists have by these ids; the files' names, and what was said. */
async function makeVideo(page, options = {}) {
  for (const [id, value] of Object.entries(options)) await page.selectOption(`#${id}`, value);
  await page.click("#make");
  await page.waitForSelector("#download:not([hidden]), #alert:not([hidden])");
  if (await page.isVisible("#alert")) throw new Error(await text(page, "alert"));
  await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("Made"));
  return { status: await text(page, "status"), video: await save(page, "#download"), credentials: await save(page, "#credentials") };
}

const scenarios = {
  /** Videos and a GIF are made of a short motion; `wanted.json` lists the options of each. */
  async make(browser) {
    const page = await openWithSample(browser);
    await moving(page);
    await page.setInputFiles("#driver-file", path.join(folder, "short.motion"));
    const made = {};
    for (const [name, options] of Object.entries(JSON.parse(readFileSync(path.join(folder, "wanted.json"), "utf8")))) {
      const result = await makeVideo(page, options);
      for (const kind of ["video", "credentials"]) if (result[kind]) renameSync(path.join(folder, result[kind]), path.join(folder, name + path.extname(result[kind])));
      made[name] = { ...result, type: path.extname(result.video) };
    }
    const still = await changes(page);
    return { made, still, alert: await text(page, "alert"), errors: page.errors };
  },

  /** Frames of a built-in motion through the worker, for comparison with the Python SDK's. */
  async frames(browser) {
    const page = await open(browser);
    const wanted = JSON.parse(readFileSync(path.join(folder, "wanted.json"), "utf8")); // {motion, frames, last}
    const photo = readFileSync(path.join(folder, "photo.png")).toString("base64");
    const result = await page.evaluate(async ([photo64, { motion, frames, last }, threads]) => {
      const { AnimatorWorker, Motion, loadPhoto } = globalThis.monalive;
      const bytes = async (name) => new Uint8Array(await (await fetch(name)).arrayBuffer());
      const blob = new Blob([Uint8Array.from(atob(photo64), (c) => c.charCodeAt(0))]);
      const { picture } = await loadPhoto(blob, "photo.png");
      const animator = await AnimatorWorker.create({ bundle: await bytes("models/default.bundle"), numThreads: threads });
      const { landmarks, crop } = await animator.enroll(picture, "artwork");
      const driver = Motion.load(await bytes(`motions/${motion}.motion`));
      await animator.start(driver.landmarks[0], driver.imageSize);
      const images = {}, times = [];
      for (let i = 0; i <= last; i++) {
        const { image, workMs } = await animator.step(driver.landmarks[i], driver.timestampsMs[i]);
        times.push(workMs);
        if (!frames.includes(i)) continue;
        const canvas = new OffscreenCanvas(image.width, image.height);
        canvas.getContext("2d").putImageData(new ImageData(image.data, image.width, image.height), 0, 0);
        const png = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
        images[i] = btoa(png.reduce((all, byte) => all + String.fromCharCode(byte), ""));
      }
      animator.close();
      times.sort((a, b) => a - b);
      return { images, crop, landmarks: [...landmarks], least_ms: times[0], median_ms: times[times.length >> 1] };
    }, [photo, wanted, THREADS]);
    for (const [index, png] of Object.entries(result.images)) writeFileSync(path.join(folder, `frame_${index}.png`), Buffer.from(png, "base64"));
    return { ...result, images: undefined, errors: page.errors };
  },

  /** The page by a link of `--lan`: it works as on this machine, threads and signature included. */
  async lan(browser) {
    const page = await openWithSample(browser);
    await moving(page);
    await page.setInputFiles("#driver-file", path.join(folder, "short.motion"));
    const { status, video } = await makeVideo(page, { format: "mp4" });
    const place = await page.evaluate(() => [location.pathname, crossOriginIsolated, isSecureContext]);
    return { status, video, place, errors: page.errors };
  },

  /** A driver's video is dropped: its face moves the photo; its motion is saved, videos keep its sound; reading it can be ended. */
  async film(browser) {
    const page = await openWithSample(browser);
    await moving(page);
    const film = readFileSync(path.join(folder, "film.mp4")).toString("base64");
    const drop = () => page.evaluate((film64) => {
      const data = new DataTransfer();
      data.items.add(new File([Uint8Array.from(atob(film64), (c) => c.charCodeAt(0))], "film.mp4", { type: "video/mp4" }));
      dispatchEvent(new DragEvent("drop", { dataTransfer: data }));
    }, film);
    await drop();
    await page.waitForSelector("#work:not([hidden])");
    await page.click("#cancel");
    await page.waitForFunction(() => document.getElementById("status").textContent === "Stopped.");
    const afterCancel = await page.evaluate(() => globalThis.monalive.engine().sourceName);
    await drop();
    await page.waitForFunction(() => globalThis.monalive.engine().sourceName === "video");
    const changed = await changes(page), status = await text(page, "status");
    await page.selectOption("#view", "driver");
    await more(page, 3);
    await shot(page, "film.png");
    const made = {};
    for (const [name, options] of Object.entries({ sound_mp4: { view: "result", format: "mp4" }, sound_webm: { format: "webm", rounds: "2" }, beside: { format: "mp4", view: "driver", rounds: "1" } })) {
      const { video } = await makeVideo(page, options);
      renameSync(path.join(folder, video), path.join(folder, name + path.extname(video)));
      made[name] = name + path.extname(video);
    }
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("#save-motion")]);
    await download.saveAs(path.join(folder, download.suggestedFilename()));
    return { afterCancel, changed, status, made, motion: download.suggestedFilename(), errors: page.errors };
  },

  /** A sound is opened, then one is recorded: each time it is asked whose face may say it; a video of the first is made. */
  async speech(browser) {
    const page = await openWithSample(browser);
    await moving(page);
    await page.uncheck("#badge");
    const refused = {};
    for (const [name, word] of [["no_sound.wav", "no sound"], ["silence.wav", "Nothing can be heard"]]) {
      await page.setInputFiles("#sound-file", path.join(folder, name));
      refused[name] = await alertText(page, word);
    }
    await page.setInputFiles("#sound-file", path.join(folder, "voice.wav"));
    await page.waitForSelector("#consent.asked");
    const before = await framesWhileWaiting(page);
    const state = () => page.evaluate(() => Object.fromEntries(["play", "record", "make", "badge"].map((id) => [id, !document.getElementById(id).disabled])));
    const speaking = () => page.waitForFunction(() => globalThis.monalive.engine().sourceName === "speech" && !globalThis.monalive.engine().paused);
    const asked = await page.innerText("#consent p:not([hidden])"), waiting = await state();
    await page.click("#consent button[value=given]");
    await speaking();
    const changed = await changes(page), spoken = await state(), badge = await page.isChecked("#badge"), sideways = {};
    for (const [name, viewport, colorScheme] of [["1280", { width: 1280, height: 900 }, "light"], ["390", PHONE, "light"], ["dark", { width: 1280, height: 900 }, "dark"]]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await more(page, 2);
      await shot(page, `speech_${name}.png`);
      sideways[name] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    }
    const made = await makeVideo(page, { format: "mp4" });
    await page.click("#microphone");
    await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("Recording your voice"));
    await page.waitForTimeout(3500);
    await page.click("#microphone");
    await consent(page, "self");
    await speaking();
    const recorded = await changes(page);
    await page.click("#motions label:has(input[value=smile])");
    await page.waitForFunction(() => globalThis.monalive.engine().sourceName === "smile");
    return { refused, before, asked, waiting, changed, spoken, badge, sideways, made, recorded, after: await state(), errors: page.errors };
  },

  /** Another photo of the person lends its open mouth: pixels of it in a frame with an open mouth, without and with that photo. */
  async photos(browser) {
    const page = await open(browser);
    await ready(page);
    await page.setInputFiles("#photo", path.join(folder, "shut.png"));
    await consent(page);
    await moving(page);
    const mouth = async (name) => {
      await page.focus("#hand-mouth");
      await page.keyboard.press("End");
      await page.waitForFunction(() => globalThis.monalive.engine().sourceName === "by hand");
      await more(page, 30); // until smoothing and the fade are done
      await page.locator("#canvas").screenshot({ path: path.join(folder, `${name}.png`) });
      return page.evaluate(() => {
        const canvas = document.getElementById("canvas"), { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
        let green = 0;
        for (let i = 0; i < data.length; i += 4) green += data[i + 1] > data[i] + 60 && data[i + 1] > data[i + 2] + 60;
        return green;
      });
    };
    await page.click("#by-hand summary");
    const counts = { without: await mouth("without") };
    await page.setInputFiles("#more-photos", [path.join(folder, "open.png")]);
    await page.waitForFunction(() => document.getElementById("status").textContent.startsWith("2 photos"));
    await moving(page);
    counts.with = await mouth("with");
    const status = await text(page, "status");
    await page.setInputFiles("#more-photos", [path.join(folder, "no_face.png")]);
    return { counts, status, refused: await alertText(page, "face"), errors: page.errors };
  },

  /** A photo of several people: one is chosen, then another, then all; how many pixels differ from the photo in each third of it. */
  async faces(browser) {
    const page = await open(browser);
    await ready(page);
    await page.setInputFiles("#photo", path.join(folder, "three.png"));
    await page.waitForSelector("#faces:not([hidden])");
    const labels = await page.$$eval("#faces button", (buttons) => buttons.map((button) => button.ariaLabel));
    await shot(page, "faces.png");
    const asked = await text(page, "status");
    const moved = async () => {
      await moving(page);
      await more(page, 12);
      return page.evaluate(() => {
        const canvas = document.getElementById("canvas"), { width, height } = canvas, photo = globalThis.monalive.engine().photo.data;
        const now = canvas.getContext("2d").getImageData(0, 0, width, height).data, third = Math.ceil(width / 3), counts = [0, 0, 0];
        for (let i = 0; i < now.length; i += 4) if (Math.abs(now[i] - photo[i]) > 24) counts[Math.trunc(((i / 4) % width) / third)]++;
        return counts;
      });
    };
    await page.uncheck("#badge");
    await page.click('#faces button[value="0"]');
    await consent(page);
    await page.check("input[value=laugh]", { force: true });
    const counts = { first: await moved() };
    for (const [name, value] of [["last", "2"], ["all", "all"]]) {
      await page.click(`#faces button[value="${value}"]`);
      await page.waitForFunction((face) => String(globalThis.monalive.engine().face) === face, value);
      counts[name] = await moved();
    }
    await shot(page, "all_faces.png");
    return { labels, asked, counts, errors: page.errors };
  },

  /** What the page looks like, empty and at work, on three screens; what axe finds; the page by keyboard alone; one WASM. */
  async look(browser) {
    const programs = [];
    browser.context.on("request", (request) => request.url().endsWith(".wasm") && programs.push(request.url()));
    const page = await open(browser), violations = {}, sideways = {};
    const axe = readFileSync("node_modules/axe-core/axe.min.js", "utf8");
    const look = async (name) => {
      for (const [screen, viewport, colorScheme] of [["1280", { width: 1280, height: 900 }, "light"], ["390", PHONE, "light"], ["dark", { width: 1280, height: 900 }, "dark"]]) {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(300);
        await shot(page, `${name}_${screen}.png`);
        sideways[`${name}_${screen}`] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        const found = await page.evaluate((script) => { (0, eval)(script); return globalThis.axe.run(); }, axe);
        violations[`${name}_${screen}`] = found.violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map(({ target }) => target).slice(0, 4).join(" ")}`);
      }
    };
    await ready(page);
    await page.waitForTimeout(1500);
    await look("empty");
    await page.setViewportSize(DESKTOP);
    const focus = () => page.evaluate(() => document.activeElement.id || document.activeElement.value || document.activeElement.tagName);
    const press = async (key, until) => {
      for (let i = 0; i < 60; i++) {
        if ((await focus()) === until) return;
        await page.keyboard.press(key);
      }
      throw new Error(`${key} does not reach ${until}`);
    };
    await press("Tab", "try");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#consent.asked");
    await press("Tab", "artwork");
    await page.keyboard.press("Enter");
    await moving(page);
    await press("Tab", "smile");
    await page.keyboard.press("ArrowRight");
    await page.waitForFunction(() => globalThis.monalive.engine().sourceName === "laugh");
    await press("Tab", "make");
    const made = await focus();
    await page.check("#badge");
    await page.click("#by-hand summary");
    await page.click("#checking summary");
    await look("moving");
    await page.setViewportSize(PHONE);
    await page.evaluate(() => document.getElementById("make").scrollIntoView({ block: "center" }));
    await page.waitForTimeout(200);
    await page.screenshot({ path: path.join(folder, "phone_scrolled.png") });
    const inSight = await page.evaluate(() => document.getElementById("canvas").getBoundingClientRect().bottom);
    return { violations, sideways, made, inSight, programs: programs.length, errors: page.errors };
  },

  /** The sample and a motion: when it moves, how fast, what it looks like; then sliders, recording, breakdown. */
  async page(browser) {
    const start = Date.now();
    const page = await openWithSample(browser);
    await moving(page);
    const firstFrameMs = Date.now() - start;
    const changed = await changes(page), rate = await frameRate(page);
    await shot(page, "desktop.png");
    await page.setViewportSize(PHONE);
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    await shot(page, "phone.png");
    await page.setViewportSize(DESKTOP);

    await page.click("#record");
    await page.waitForFunction(() => document.getElementById("status").textContent.includes("Recording"));
    await more(page, 6);
    await page.click("#record");
    await page.waitForSelector("#download:not([hidden])");
    const recorded = await text(page, "status");
    const [video, credentials] = [await save(page, "#download"), await save(page, "#credentials")];

    await page.click("#by-hand summary");
    await page.focus("#hand-turn");
    for (let i = 0; i < 30; i++) await page.keyboard.press("ArrowRight");
    await more(page, 3);
    for (const key of ["ArrowLeft", "ArrowRight", "ArrowLeft", "ArrowRight"]) { // from one source to another and back
      await page.check("input[value=smile]", { force: true });
      await more(page, 2);
      await page.focus("#hand-turn");
      await page.keyboard.press(key);
      await more(page, 2);
    }
    const handSource = await page.evaluate(() => globalThis.monalive.engine().sourceName);
    await shot(page, "by_hand.png");
    await page.click("#play");
    const pausedChanges = await framesWhileWaiting(page);
    await page.click("#play");
    await more(page);

    await page.evaluate(() => globalThis.monalive.engine().crash());
    const crash = await alertText(page, "started again");
    await page.check("input[value=nod]", { force: true });
    const afterCrash = await changes(page);

    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: true, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    const hiddenChanges = await framesWhileWaiting(page);
    await page.evaluate(() => {
      Object.defineProperty(document, "hidden", { value: false, configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    });
    const hidden = await text(page, "status");
    const shownChanges = await changes(page);
    return { firstFrameMs, changed, rate, sideways, recorded, video, credentials, handSource, pausedChanges, crash, afterCrash, hiddenChanges, hidden, shownChanges, errors: page.errors };
  },

  /** A worker that the page's worker started for the animate network breaks down amid the frames; then all goes on. */
  async breakdown(browser) {
    const page = await openWithSample(browser, () => {
      const Real = Worker, broken = `
        let count = 0;
        if (self.name.startsWith("monalive animate")) addEventListener("message", () => { if (++count === 20) throw new Error("broken"); });
        importScripts("${location.origin}/worker.js");`;
      let first = true;
      globalThis.Worker = function (script, options) {
        const url = first ? URL.createObjectURL(new Blob([broken], { type: "text/javascript" })) : script;
        first = false;
        return new Real(url, options);
      };
    });
    const said = await alertText(page, "started again");
    return { said, changed: await changes(page), errors: page.errors };
  },

  /** The fake camera drives the sample. */
  async camera(browser) {
    const page = await openWithSample(browser);
    await ready(page);
    await page.click("#camera");
    await page.waitForFunction(() => globalThis.monalive.engine().sourceName === "camera");
    await more(page, 4);
    const changed = await changes(page), rate = await frameRate(page), status = await text(page, "status");
    await shot(page, "camera.png");
    await page.click("#camera");
    await page.waitForFunction(() => document.getElementById("preview").srcObject === null);
    const after = await page.evaluate(() => [document.getElementById("preview").srcObject === null, globalThis.monalive.engine().sourceName]);
    return { changed, rate, status, after, alert: await text(page, "alert"), errors: page.errors };
  },

  /** How soon and how fast it moves, for measuring on a quiet machine: a motion, then the camera, 5 s each. */
  async rates(browser) {
    const start = Date.now(), page = await openWithSample(browser);
    await moving(page);
    const firstFrameMs = Date.now() - start;
    await page.waitForTimeout(1500);
    const motion = await frameRate(page, 5);
    await page.click("#camera");
    await page.waitForFunction(() => globalThis.monalive.engine().sourceName === "camera");
    await page.waitForTimeout(1500);
    return { firstFrameMs, motion, camera: await frameRate(page, 5), errors: page.errors };
  },

  /** The fake camera's face goes away and comes back. */
  async lost_face(browser) {
    const page = await openWithSample(browser);
    await ready(page);
    await page.click("#camera");
    const says = (lost) => page.waitForFunction((wanted) => document.getElementById("status").textContent.includes("no face") === wanted, lost);
    await page.waitForFunction(() => globalThis.monalive.engine().sourceName === "camera");
    await more(page, 2);
    await says(true);
    await more(page, 3);
    await says(false);
    const changed = await changes(page);
    return { changed, alert: await text(page, "alert"), errors: page.errors };
  },

  /** Files are checked, reached by keyboard alone; `wanted.json` names them, each a list of files chosen together. */
  async check(browser) {
    const page = await open(browser);
    page.on("filechooser", () => {}); // from now on none opens a window, however early a key comes
    await ready(page);
    await page.focus("#by-hand summary");
    await page.keyboard.press("Tab");
    const summary = await page.evaluate(() => document.activeElement.textContent);
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    const focused = await page.evaluate(() => document.activeElement.id);
    const said = {};
    for (const files of JSON.parse(readFileSync(path.join(folder, "wanted.json"), "utf8"))) {
      const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Space")]);
      await chooser.setFiles(files.map((name) => path.join(folder, name)));
      await page.waitForFunction(() => /\S/.test(document.getElementById("verdict").textContent) && !document.getElementById("verdict").textContent.startsWith("Checking"));
      said[files[0]] = await page.innerText("#verdict");
      await page.evaluate(() => document.getElementById("verdict").replaceChildren());
    }
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), page.keyboard.press("Space")]);
    await chooser.setFiles(path.join(folder, Object.keys(said)[0]));
    await page.waitForSelector("#verdict ul");
    const sideways = {};
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 900 });
      await shot(page, `check_${width}.png`);
      sideways[width] = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    }
    return { summary, focused, said, sideways, errors: page.errors };
  },

  /** Everything a user may give that is of no use, one after the other; then a good photo. */
  async bad_input(browser) {
    const page = await open(browser);
    await ready(page);
    const said = {};
    const give = (name) => page.setInputFiles("#photo", path.join(folder, name));
    for (const [name, word] of [["report.pdf", "PDF"], ["notes.jpg", "not a picture"], ["empty.png", "empty"], ["cut_off.png", "not a picture"]]) {
      await give(name);
      said[name] = await alertText(page, word);
    }
    await give("no_face.png");
    said["no_face.png"] = await alertText(page, "face");
    await page.setInputFiles("#driver-file", path.join(folder, "damaged.motion"));
    said["damaged.motion"] = await alertText(page, "motion");
    await page.click("#camera"); // nothing is allowed in this window, and there is no camera
    said.camera = await alertText(page, "camera");
    await shot(page, "bad_input.png");
    await give("large.jpg");
    await page.waitForFunction(() => document.getElementById("status").textContent.includes("megapixels"));
    said["large.jpg"] = await text(page, "status");
    await consent(page, "self");
    await moving(page);
    return { said, changed: await changes(page), errors: page.errors };
  },
};

if (!scenarios[scenario] || !folder) {
  console.error(`usage: node browser/page_check.mjs ${Object.keys(scenarios).join("|")} URL FOLDER [CAMERA.mjpeg]`);
  process.exit(2);
}
// The scenario with speech has a microphone that hears a file.
const hears = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", `--use-file-for-fake-audio-capture=${path.resolve(folder, "voice.wav")}`];
const browser = await openChromium({ camera, args: scenario === "speech" ? hears : [], viewport: DESKTOP, acceptDownloads: true, ignoreHTTPSErrors: protocol === "https:" });
try {
  console.log(JSON.stringify(await scenarios[scenario](browser)));
} finally {
  await browser.close();
}
