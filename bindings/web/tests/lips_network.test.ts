import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Bundle } from "../src/bundle.js";
import { LipsNetwork, SAMPLE_RATE } from "../src/lips_network.js";
import type { Network } from "../src/network.js";
import { farthest, golden, ROOT } from "./golden.js";
import { PythonNetworks } from "./python_networks.js";

const speech = golden("speech.json");
/** It gives the first sample of its window, the one at the moment itself, and the last. */
const echo: Network = {
  run: async ({ sound }) => ({ coefficients: Float32Array.of(sound![0]!, sound![8320]!, sound!.at(-1)!) }),
  close: () => {},
};

test("windows lie around their moments, with silence around the sound", async () => {
  const { manifest, windows } = speech;
  const network = new LipsNetwork(echo, manifest);
  assert.deepEqual([network.before, network.after, network.window], [8320, 1920, 10240]);
  assert.deepEqual(network.names, manifest.coefficients);
  const samples = Float32Array.from({ length: windows.samples }, (_, i) => i + 1);
  const found = await network.shapes(samples, windows.seconds);
  assert.deepEqual(found.map((row) => [...row]), windows.shapes);
  await assert.rejects(network.shape(new Float32Array(10)), /10240 samples, not 10/);
});

test("a manifest that says too little is refused", () => {
  for (const change of speech.refused) {
    assert.throws(() => new LipsNetwork(echo, { ...speech.manifest, ...change }), /part 'speech'/, JSON.stringify(change));
  }
  assert.throws(() => new LipsNetwork(echo, undefined), /part 'speech'/);
});

test("a bundle without the part is refused", async () => {
  const bundle = await Bundle.load(readFileSync(path.join(ROOT, "sdk/monalive/assets/default.bundle")));
  const runtime = { format: "tflite", load: async () => echo, close: () => {} };
  await assert.rejects(LipsNetwork.load(bundle, runtime), /no part 'speech'/);
});

const networks = PythonNetworks.start();
test("the packaged network gives what it gives in Python", { skip: !networks }, async () => {
  const file = path.join(ROOT, "sdk/monalive/assets/speech.bundle");
  const lips = await LipsNetwork.load(await Bundle.load(readFileSync(file)), networks!.of(file));
  const { sound, seconds, names, shapes } = speech.network;
  assert.deepEqual(lips.names, names);
  const samples = Float32Array.from({ length: sound.samples }, (_, i) => {
    const time = i / SAMPLE_RATE;
    const swell = 0.5 - 0.5 * Math.cos(2 * Math.PI * sound.syllables_hz * time);
    return sound.level * swell * Math.sin(2 * Math.PI * sound.pitch_hz * time);
  });
  const found = await lips.shapes(samples, seconds);
  found.forEach((row, i) => assert.ok(farthest(row, shapes[i]) < 1e-3, `moment ${seconds[i]}`));
  networks!.close();
});
