import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Bundle } from "../src/bundle.js";
import { ExpressionBasis } from "../src/expressions.js";
import { LipsNetwork, SAMPLE_RATE } from "../src/lips_network.js";
import { MOOD_NAMES } from "../src/moods.js";
import { ease, keyframes, sway } from "../src/motion_curves.js";
import { Random } from "../src/random.js";
import { rhythmOf } from "../src/rhythm.js";
import { speechMotion, type SpeechOptions } from "../src/speech_motion.js";
import { Performance } from "../src/synthetic_driver.js";
import { Voice } from "../src/voice.js";
import { farthest, golden, ROOT } from "./golden.js";
import { PythonNetworks } from "./python_networks.js";

const asset = (name: string): Uint8Array => readFileSync(path.join(ROOT, "sdk/monalive/assets", name));
const basis = ExpressionBasis.load(asset("expressions.npz"));
/** The mouth opens with the sound at the moment itself. */
const loudLips = new LipsNetwork(
  { run: async ({ sound }) => ({ coefficients: Float32Array.of(4 * Math.abs(sound![8320]!)) }), close: () => {} },
  { ...golden("speech.json").manifest, coefficients: ["jawOpen"] },
);
const speaking = (time: number): boolean => time >= 1 && time < 2;
const sound = (seconds = 3): Float32Array => Float32Array.from({ length: seconds * SAMPLE_RATE }, (_, i) =>
  speaking(i / SAMPLE_RATE) ? 0.15 * (1 + Math.sin((2 * Math.PI * 4 * i) / SAMPLE_RATE)) * Math.sin((2 * Math.PI * 140 * i) / SAMPLE_RATE) : 0);
const tone = (hertz: number, rate: number, count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin((2 * Math.PI * hertz * i) / rate));
const gap = (points: Float32Array): number => points[14 * 3 + 1]! - points[13 * 3 + 1]!;

test("sound of any rate becomes mono at 16 kHz, in its place", () => {
  for (const rate of [8000, 16000, 22050, 44100, 48000]) {
    const { samples, seconds } = Voice.fromSamples([tone(1000, rate, rate / 2), new Float32Array(rate / 2)], rate);
    assert.ok(Math.abs(seconds - 0.5) < 1e-3, `${rate}`);
    const wanted = tone(1000, SAMPLE_RATE, samples.length).map((value) => value / 2);
    assert.ok(farthest(samples.subarray(800, 7200), wanted.subarray(800, 7200)) < 0.003, `${rate}`);
  }
  const high = Voice.fromSamples(tone(12000, 48000, 24000), 48000).samples; // above what 16 kHz hold
  assert.ok(high.subarray(800, 7200).every((value) => Math.abs(value) < 0.01));
  assert.equal(Voice.fromSamples(new Float32Array(100), 16000).silent, true);
  assert.equal(Voice.fromSamples(new Float32Array(100).fill(0.01), 16000).silent, false);
});

test("bad sound is refused, and said why", () => {
  const good = new Float32Array(100);
  for (const [samples, rate, says] of [
    [new Float32Array(0), 16000, /one or more/], [[], 16000, /one or more/], [[good, new Float32Array(99)], 16000, /as many samples/],
    [good, 100, /4000 to 384000/], [good, NaN, /4000 to 384000/], [good.map(() => NaN), 16000, /finite/], [good.map(() => 20000), 16000, /full scale/],
    [new Float32Array(4000 * 601), 4000, /10 minutes/],
  ] as const) assert.throws(() => Voice.fromSamples(samples, rate), { name: "ValueError", message: says });
});

test("a file that is no expression model is refused", () => {
  assert.throws(() => ExpressionBasis.load(asset("expressions.npz").subarray(0, 5000), "it"), /^ValueError: it is not an expression model \(or is damaged\)/);
  assert.throws(() => ExpressionBasis.load(asset("likeness.npz")), /not an expression model/);
  assert.throws(() => basis.face([["grin", 1]]), /unknown expression 'grin'; known are: .*jawOpen/);
});

test("curves are eased, held at their ends, and repeated by their seed", () => {
  assert.deepEqual([-1, 0, 0.5, 1, 2].map(ease), [0, 0, 0.5, 1, 1]);
  assert.deepEqual([0, 1, 1.5, 2, 9].map((time) => keyframes(time, [[1, 2], [2, 4]])), [2, 2, 3, 4, 4]);
  const [one, same, other] = [1, 1, 2].map((seed) => sway(4, 0.5, new Random(seed, 3)));
  assert.equal(one!(1.3), same!(1.3));
  assert.notEqual(one!(1.3), other!(1.3));
  assert.ok(Math.abs(one!(0)) < 1e-12 && Math.abs(one!(4)) < 1e-12); // it runs into itself
  const random = new Random(7), drawn = Array.from({ length: 20_000 }, () => random.normal(1, 2));
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  const deviation = Math.sqrt(drawn.reduce((sum, value) => sum + (value - mean) ** 2, 0) / drawn.length);
  assert.ok(Math.abs(mean - 1) < 0.05 && Math.abs(deviation - 2) < 0.05, `${mean}, ${deviation}`);
});

test("a face speaks while there is speech, and rests before and after", async () => {
  const motion = await speechMotion(Voice.fromSamples(sound(), SAMPLE_RATE), loudLips, basis);
  assert.deepEqual([motion.length, motion.fps, motion.name, motion.speech, motion.loop], [75, 25, "speech", true, true]);
  const gaps = motion.landmarks.map(gap), rest = gaps[0]!;
  const widest = (from: number, to: number): number => Math.max(...gaps.slice(from * 25, to * 25));
  assert.ok(widest(1, 2) > rest + 4, `${widest(1, 2)}`);
  for (const [from, to] of [[0, 0.7], [2.3, 3]] as const) assert.ok(Math.abs(widest(from, to) - rest) < 0.3, `${from} s: ${widest(from, to) - rest}`);
  const short = await speechMotion(Voice.fromSamples(sound(2), SAMPLE_RATE), loudLips, basis, { fps: 50 });
  assert.equal(short.length, 125); // half a second more than the sound, to come to rest
});

test("the seed moves all but the lips, and gains and moods what they name", async () => {
  const voice = Voice.fromSamples(sound(), SAMPLE_RATE);
  const made = (options: SpeechOptions): Promise<Float32Array[]> => speechMotion(voice, loudLips, basis, options).then(({ landmarks }) => [...landmarks]);
  const [usual, again, other] = await Promise.all([made({}), made({ seed: 0 }), made({ seed: 5 })]);
  assert.deepEqual(usual, again);
  assert.ok(usual.some((frame, i) => farthest(frame, other[i]!) > 1));
  const still = await made({ gain: { pose: 0, eyes: 0, brows: 0, lips: 0 } }), face = still[0]!;
  assert.ok(still.every((frame) => farthest(frame, face) < 1e-3));
  const wide = await made({ gain: { lips: 2 } });
  assert.ok(Math.max(...wide.map(gap)) > 1.5 * Math.max(...usual.map(gap)));
  const moods = await Promise.all(MOOD_NAMES.map((expression) => made({ expression, gain: { pose: 0 } })));
  const middles = moods.map((frames) => frames[15]!); // at rest but for the mood
  for (const [i, one] of middles.entries()) for (const another of middles.slice(i + 1)) assert.ok(farthest(one, another) > 2);
});

test("silence keeps the mouth shut", async () => {
  const silence = Voice.fromSamples(new Float32Array(SAMPLE_RATE), SAMPLE_RATE), { landmarks } = await speechMotion(silence, loudLips, basis);
  assert.deepEqual(rhythmOf(silence).phrases, []);
  assert.ok(landmarks.every((frame) => Math.abs(gap(frame) - gap(landmarks[0]!)) < 0.3));
});

test("options that do not exist are refused", async () => {
  const voice = Voice.fromSamples(sound(1), SAMPLE_RATE);
  for (const [options, says] of [
    [{ fps: 5 }, /10 to 120/], [{ fps: NaN }, /10 to 120/], [{ seed: -1 }, /from 0/], [{ seed: 0.5 }, /whole number/],
    [{ gain: { lips: 4 } }, /0 to 3/], [{ gain: { nose: 1 } }, /unknown region 'nose'/], [{ expression: "bored" }, /choose from neutral, happy/],
  ] as const) await assert.rejects(speechMotion(voice, loudLips, basis, options as SpeechOptions), { name: "ValueError", message: says });
});

const networks = PythonNetworks.start();
test("lips, rhythm and faces are those of Python", { skip: !networks }, async (context) => {
  context.after(() => networks!.close());
  const { stdout } = spawnSync(process.env["MONALIVE_PYTHON"]!, [path.join(ROOT, "tests/support/speech_reference.py")], { maxBuffer: 2 ** 24 });
  const wanted = JSON.parse(stdout.toString());
  const voice = Voice.fromSamples(new Float32Array(Uint8Array.from(Buffer.from(wanted.samples, "base64")).buffer), SAMPLE_RATE);
  const rhythm = rhythmOf(voice);
  assert.ok(farthest(rhythm.loudnessDb, wanted.loudness_db) < 1e-3);
  wanted.semitones.forEach((value: number | null, hop: number) => {
    assert.ok(value === null ? Number.isNaN(rhythm.semitones[hop]) : Math.abs(rhythm.semitones[hop]! - value) < 1e-6, `hop ${hop}`);
  });
  assert.ok(farthest(rhythm.phrases.flat(), wanted.phrases.flat()) < 1e-9);
  assert.ok(wanted.accents.length >= 3 && farthest(rhythm.accents.flatMap(({ time, strength }) => [time, strength]), wanted.accents.flat()) < 1e-4);
  for (const name of basis.names) assert.ok(Math.abs(basis.lipsOpening(name) - wanted.openings[name]) < 1e-6, name);
  for (const { amounts, gaze, head, shift, landmarks } of wanted.faces) {
    const performance = new Performance(basis, new Float64Array(1), 1);
    performance.add(Float64Array.of(1), Object.entries<number>(amounts));
    [[performance.gaze, gaze], [performance.head, head], [performance.shift, shift]].forEach(([curves, values]) => curves.forEach((curve: Float64Array, i: number) => (curve[0] = values[i])));
    assert.ok(farthest(performance.landmarks()[0]!, landmarks) < 1e-3, JSON.stringify(amounts));
  }
  const file = path.join(ROOT, "sdk/monalive/assets/speech.bundle");
  const lips = await LipsNetwork.load(await Bundle.load(readFileSync(file)), networks!.of(file));
  const still = await speechMotion(voice, lips, basis, { gain: { pose: 0, eyes: 0, brows: 0 } });
  const gaps = still.landmarks.map(gap), chin = still.landmarks.map((points) => points[152 * 3 + 1]!);
  assert.equal(still.length, wanted.frames);
  // The corners of the mouth wander by another seed.
  assert.ok(Math.max(...gaps) > 3 && farthest(gaps, wanted.still_lips) < 0.3, `${farthest(gaps, wanted.still_lips)}`);
  assert.ok(farthest(chin, wanted.chin) < 0.5, `${farthest(chin, wanted.chin)}`);
});
