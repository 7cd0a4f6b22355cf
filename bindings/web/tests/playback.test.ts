/** In which order the page plays a motion's frames. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { begin, momentAt, placeMs, roundMs, videoMoments } from "../../../samples/web/src/playback.js";
import { LANDMARK_COUNT } from "../src/crop.js";
import { Motion } from "../src/motion.js";

/** Frames at 0, 100, 200 and 300 ms whose points all have the value of their number. */
function motion(loop = false, cutAt = 0): Motion {
  const landmarks = [0, 1, 2, 3].map((value) => new Float32Array(LANDMARK_COUNT * 3).fill(value));
  const takes = cutAt ? [0, cutAt].map((start) => ({ start, reference: landmarks[start]! })) : [];
  return new Motion({ landmarks, timestampsMs: Float64Array.of(0, 100, 200, 300), imageSize: [640, 480], fps: 10, loop, takes });
}

const value = (playing: Motion, way: "loop" | "boomerang", elapsed: number): number => momentAt(playing, way, elapsed).landmarks[0]!;

test("a round lasts to the end of the last frame; there and back it has no end", () => {
  assert.equal(roundMs(motion(), "loop"), 400);
  assert.equal(roundMs(motion(), "boomerang"), 600);
  assert.deepEqual([0, 399, 400, 850].map((time) => placeMs(motion(), "loop", time)), [0, 399, 0, 50]);
  assert.deepEqual([0, 300, 301, 599, 600, 700].map((time) => placeMs(motion(), "boomerang", time)), [0, 300, 299, 1, 0, 100]);
});

test("between two frames a face lies between them", () => {
  assert.deepEqual([0, 50, 100, 225].map((time) => value(motion(), "loop", time)), [0, 0.5, 1, 2.25]);
  assert.deepEqual([250, 350, 450].map((time) => value(motion(), "boomerang", time)), [2.5, 2.5, 1.5]);
});

test("a motion that speaks is played in its own frames, and without smoothing", async () => {
  const spoken = new Motion({ ...motion(true), speech: true }), asked: unknown[] = [];
  assert.deepEqual([0, 50, 99, 100, 225, 350].map((time) => value(spoken, "loop", time)), [0, 0, 0, 1, 2, 3]);
  const animator = { start: async (...given: unknown[]) => void asked.push(given) } as never;
  for (const playing of [spoken, motion()]) await begin(animator, playing);
  assert.deepEqual(asked.map((given) => (given as unknown[])[2]), [false, undefined]);
});

test("a motion that loops runs into its start, another one holds its end", () => {
  assert.deepEqual([300, 350, 400].map((time) => value(motion(true), "loop", time)), [3, 1.5, 0]);
  assert.deepEqual([300, 350, 399, 400].map((time) => value(motion(false), "loop", time)), [3, 3, 3, 0]);
  assert.deepEqual([350, 450].map((time) => momentAt(motion(), "loop", time).round), [0, 1]);
});

test("across a cut nothing lies between", () => {
  assert.deepEqual([150, 199, 200].map((time) => value(motion(false, 2), "loop", time)), [1, 1, 2]);
  assert.deepEqual([150, 250].map((time) => momentAt(motion(false, 2), "loop", time).take), [0, 1]);
});

test("a video has each frame once a round, there and back the ends only once", () => {
  const shown = (way: "loop" | "boomerang", rounds: number): number[] => videoMoments(motion(), way, rounds).map(({ landmarks }) => landmarks[0]!);
  assert.deepEqual(shown("loop", 2), [0, 1, 2, 3, 0, 1, 2, 3]);
  assert.deepEqual(shown("boomerang", 2), [0, 1, 2, 3, 2, 1, 0, 1, 2, 3, 2, 1]);
  const moments = videoMoments(motion(), "boomerang", 1);
  assert.deepEqual(moments.map(({ timeMs }) => timeMs), [0, 100, 200, 300, 400, 500]);
  assert.deepEqual(moments.map(({ durationMs }) => durationMs), Array(6).fill(100));
  assert.deepEqual(moments.map(({ driverMs }) => driverMs), [0, 100, 200, 300, 200, 100]);
});

test("a motion of a single frame is one picture", () => {
  const one = new Motion({ landmarks: [new Float32Array(LANDMARK_COUNT * 3)], timestampsMs: Float64Array.of(0), imageSize: [64, 64], fps: 10 });
  for (const way of ["loop", "boomerang"] as const) {
    assert.deepEqual(videoMoments(one, way, 1).map(({ timeMs, durationMs }) => [timeMs, durationMs]), [[0, 100]]);
    assert.equal(momentAt(one, way, 150).landmarks[0], 0);
  }
});
