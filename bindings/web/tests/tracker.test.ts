/** The tracker against the golden vectors: step by step on given answers, and as a whole on the bundle's networks. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import { Bundle } from "../src/bundle.js";
import { bounds } from "../src/crop.js";
import { FaceDetector } from "../src/face_detector.js";
import { extractLevel, levelRegion } from "../src/level_crop.js";
import { newPicture, type Picture } from "../src/picture.js";
import { DriverFollower } from "../src/driver_follower.js";
import { QUARTER_TURNS, RotatedSquare, tileLooks, wholeLooks } from "../src/region.js";
import { isSure } from "../src/still_search.js";
import { type Face, FaceTracker, fromRegion, loadTracker } from "../src/tracker.js";
import { farthest, golden, goldenPicture, landmarksOf, psnr, ROOT } from "./golden.js";
import { PythonNetworks } from "./python_networks.js";

const GRID = 16, GREY = 128;
/** Of landmarks, in pixels: crops differ by single levels (OpenCV samples in steps of 1/32 pixel), which the int8 networks enlarge. */
const TRACKED = 0.5;
const wanted = golden("tracker.json"), faces = golden("faces.json"), photo = goldenPicture("photo.png");
const squareOf = ({ x, y, side, angle }: RotatedSquare): RotatedSquare => new RotatedSquare(x, y, side, angle);
const numbersOf = ({ x, y, side, angle }: RotatedSquare): number[] => [x, y, side, angle];

/** A detector whose network gives each of a list of answers in turn. */
function detectorOf(calls: number[][][]): FaceDetector {
  const rest = [...calls];
  const run = async (): Promise<Record<string, Float32Array>> => {
    const scores = new Float32Array(GRID * GRID), places = new Float32Array(GRID * GRID * 5);
    for (const [row, column, score, ...numbers] of rest.shift()!) {
      scores[row! * GRID + column!] = score!;
      places.set(numbers, (row! * GRID + column!) * 5);
    }
    return { scores, places };
  };
  return new FaceDetector({ network: { run, close: () => {} }, side: 128 });
}

/** Copies of the photo on grey, clipped. */
function pictureOf({ size: [width, height], photos }: { size: [number, number]; photos: [number, number][] }): Picture {
  const picture = newPicture(width, height);
  picture.data.fill(GREY);
  for (const [x, y] of photos) {
    const left = Math.max(x, 0), right = Math.min(x + photo.width, width);
    for (let row = Math.max(y, 0); row < Math.min(y + photo.height, height); row++) {
      const from = (row - y) * photo.width - x;
      picture.data.set(photo.data.subarray((from + left) * 4, (from + right) * 4), (row * width + left) * 4);
    }
  }
  return picture;
}

for (const entry of wanted.crops) {
  test(`level crop ${entry.picture}`, () => {
    const made = extractLevel(photo, squareOf(entry.region), entry.size, entry.border);
    const near = psnr(made, goldenPicture(entry.picture));
    assert.ok(near > 45, `${near} dB`);
  });
}

for (const [index, entry] of wanted.detections.entries()) {
  test(`detections ${index}: ${entry.found.length} faces`, async () => {
    const picture = newPicture(entry.picture_size[0], entry.picture_size[1]);
    const found = await detectorOf([entry.answers]).detect(picture, entry.region ? squareOf(entry.region) : undefined);
    requireFound(found, entry.found);
  });
}

for (const [index, entry] of wanted.any_way_up.entries()) {
  test(`any way up ${index}: ${entry.found.length} faces`, async () => {
    const picture = newPicture(entry.picture_size[0], entry.picture_size[1]);
    requireFound(await detectorOf(entry.answers).detectAnyWayUp(picture), entry.found);
  });
}

function requireFound(found: { score: number; roi: RotatedSquare }[], expected: { score: number; region: RotatedSquare }[]): void {
  assert.equal(found.length, expected.length);
  for (const [i, { score, region }] of expected.entries()) {
    assert.ok(farthest([found[i]!.score, ...numbersOf(found[i]!.roi)], [score, ...numbersOf(region)]) < 1e-3);
  }
}

for (const { picture_size: [width, height], looks } of wanted.closer_looks) {
  test(`closer looks at ${width} x ${height}`, () => {
    const size = { width, height }, made = [wholeLooks(size, QUARTER_TURNS), tileLooks(size, 2, QUARTER_TURNS), tileLooks(size, 4, [3])];
    assert.deepEqual(made.map((regions) => regions.length), looks.map((regions: unknown[]) => regions.length));
    assert.ok(farthest(made.flat().flatMap(numbersOf), looks.flat().flatMap(numbersOf)) < 1e-3);
  });
}

test("score and presence suffice together", () => {
  for (const [score, presence, restless, sure] of wanted.sure) assert.equal(isSure(score, presence, restless), sure, `${score}, ${presence}`);
});

for (const [index, entry] of wanted.searches.entries()) {
  test(`search ${index}: ${entry.call}`, async () => {
    const face = landmarksOf(faces.portrait), own = levelRegion(face), presences: number[] = [...entry.presences];
    const unit = new Float32Array(face.length);
    for (let i = 0; i < face.length; i += 3) unit.set([...own.fromPicture(face[i]!, face[i + 1]!), face[i + 2]! / own.side], i);
    const answers: number[][][] = [...entry.answers], close = (): void => {};
    const detector = { network: { run: (inputs: Record<string, Float32Array>) => detectorOf([answers.shift()!]).network.network.run(inputs), close }, side: 128 };
    const landmarks = { network: { run: async () => ({ landmarks: unit, presence: Float32Array.of(presences.shift()!) }), close }, side: 192 };
    const tracker = new FaceTracker({ detector, landmarks, blendshapes: detector.network }, 8);
    const [width, height] = entry.picture_size, picture = newPicture(width, height);
    picture.data.fill(entry.level);
    const known = entry.known.map((region: RotatedSquare) => ({ landmarks: fromRegion(unit, squareOf(region)), presence: 1 }));
    const found = entry.call === "all" || entry.call === "largest"
      ? await tracker.detect(picture, entry.call === "largest")
      : await tracker.search(picture, entry.call === "thorough", known);
    assert.deepEqual([answers.length, presences.length, found.length], [0, 0, entry.found.length]); // looked and read as often
    const regions = found.flatMap((one) => numbersOf(levelRegion(one.landmarks)));
    assert.ok(farthest(regions, entry.found.flatMap(numbersOf)) < 0.01, `${regions}`);
  });
}

for (const { landmarks, turned, region } of wanted.regions) {
  test(`level region of ${landmarks}, turned by ${turned}`, () => {
    const points = landmarksOf(faces[landmarks]), cos = Math.cos(turned), sin = Math.sin(turned);
    for (let i = 0; i < points.length; i += 3) {
      const x = points[i]!, y = points[i + 1]!;
      points.set([cos * x - sin * y, sin * x + cos * y], i);
    }
    assert.ok(farthest(numbersOf(levelRegion(points)), numbersOf(region)) < 1e-3);
  });
}

test("landmarks come back from their region, and go into it", () => {
  const { unit, picture, region } = wanted.points, square = squareOf(region);
  assert.ok(farthest(picture.flatMap(([x, y]: [number, number]) => square.fromPicture(x, y)), unit.flatMap(([u, v]: number[]) => [u, v])) < 1e-5);
  assert.ok(farthest(fromRegion(landmarksOf(unit), squareOf(region)), picture.flat()) < 1e-3);
});

const python = PythonNetworks.start();
const skip = python ? false : "set MONALIVE_PYTHON to a Python that has the SDK";
const file = path.join(ROOT, wanted.bundle.file);
after(() => python?.close());

async function trackerOf(numFaces: number, blendshapes = false): Promise<FaceTracker> {
  return new FaceTracker(await loadTracker(await Bundle.load(readFileSync(file)), python!.of(file)), numFaces, blendshapes);
}

function requireFaces(found: readonly Face[], expected: { presence: number; landmarks: number[][]; blendshapes?: number[] }[]): void {
  assert.equal(found.length, expected.length);
  for (const [i, { presence, landmarks, blendshapes }] of expected.entries()) {
    const kept: number[] = wanted.kept_landmarks.flatMap((at: number) => [...found[i]!.landmarks.subarray(at * 3, at * 3 + 3)]);
    const off = farthest(kept, landmarks.flat());
    assert.ok(off < TRACKED, `landmarks are off by ${off}`);
    assert.ok(Math.abs(found[i]!.presence - presence) < 0.01);
    assert.equal(found[i]!.blendshapes === undefined, !blendshapes);
    if (blendshapes) assert.ok(farthest(found[i]!.blendshapes!, blendshapes) < 0.05, `${farthest(found[i]!.blendshapes!, blendshapes)}`);
  }
}

test("faces of stills, with the bundle's networks", { skip }, async () => {
  const tracker = await trackerOf(8, true);
  for (const scene of wanted.stills) {
    const found = await tracker.detect(pictureOf(scene));
    requireFaces(found.sort((a, b) => bounds(a.landmarks)[0] - bounds(b.landmarks)[0]), scene.faces);
  }
});

test("a face followed, lost and found again, with the bundle's networks", { skip }, async () => {
  const follower = new DriverFollower(await trackerOf(1));
  for (const [index, scene] of wanted.video.entries()) {
    const face = await follower.track(pictureOf(scene), index * 40);
    requireFaces(face ? [face] : [], scene.faces);
  }
});

test("a bundle without a tracker is refused, with what it lacks", async () => {
  const bundle = await Bundle.load(readFileSync(path.join(ROOT, "tests/golden/bindings/files/good.bundle")));
  const runtime = { format: "tflite", load: async () => assert.fail("nothing to load"), close: () => {} };
  await assert.rejects(loadTracker(bundle, runtime), /no part 'tracker_detector', only/);
});
