/** Eyes and mouth: crops and pasting against the golden vectors, the networks around them on stand-ins. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { loadNetworks } from "../src/animator_networks.js";
import { Canvas } from "../src/canvas.js";
import { SquareCrop } from "../src/crop.js";
import type { Network } from "../src/network.js";
import { newPicture, type Picture } from "../src/picture.js";
import type { Portrait } from "../src/portrait.js";
import { PortraitPlayer } from "../src/portrait_player.js";
import type { Box } from "../src/region.js";
import { extractRegion, regionPlace } from "../src/region_crop.js";
import { loadRegionNetworks, REGION_PARTS, type RegionNetworks } from "../src/region_networks.js";
import { RegionPaste } from "../src/region_paste.js";
import { cropOf, farthest, golden, goldenPicture, networkArrays, psnr } from "./golden.js";
import { bundleOf, CORNERS, PER_PIXEL, SIZES, type StandIn, standIns } from "./region_stand_ins.js";

const crops = golden("region_crop.json"), pasting = golden("region_paste.json");

test("a place in crop units is one in pixels", () => {
  const { units, crop, pixels } = crops.in_pixels;
  assert.ok(farthest(regionPlace(units, cropOf(crop)), pixels) < 1e-3);
});

for (const { name, place, width, height, picture } of crops.extract) {
  test(`a region's crop, ${name}`, () => {
    const near = psnr(extractRegion(goldenPicture(crops.photo), place, width, height), goldenPicture(picture));
    assert.ok(near > 45, `${near.toFixed(1)} dB`);
  });
}

test("regions pasted into one canvas", () => {
  const photo = goldenPicture(pasting.photo), frame = goldenPicture(pasting.frame), canvas = new Canvas(photo.width, photo.height);
  const [flow, mask, painted] = networkArrays(pasting), { width, height } = pasting.flow, paste = new RegionPaste(canvas);
  const whole: Box = [0, 0, frame.width, frame.height];
  canvas.show(photo);
  for (const { name, place, photo_place, bounds, changed, result } of pasting.cases) {
    canvas.frame.set(frame.data);
    paste.paste(place, { place: photo_place, width, height, flow, mask, painted }, bounds ?? whole);
    const wanted = pastedInto(frame, changed, goldenPicture(result)), made = canvas.copy();
    const near = psnr(part(made, changed), part(wanted, changed));
    assert.ok(near > 45, `${name}: ${near.toFixed(1)} dB`);
    assert.deepEqual(pastedInto(made, changed, goldenPicture(result)), wanted, `${name}: pixels outside were changed`);
  }
});

/** A part of a picture. */
function part({ width, data }: Picture, [left, top, right, bottom]: Box): Picture {
  const rows = Array.from({ length: bottom - top }, (_, y) => data.subarray(((top + y) * width + left) * 4, ((top + y) * width + right) * 4));
  return { width: right - left, height: bottom - top, data: Uint8ClampedArray.from(rows.flatMap((row) => [...row])) };
}

/** A picture with another in the place of a part of it. */
function pastedInto(picture: Picture, [left, top]: Box, other: Picture): Picture {
  const { width, height, data } = picture, result = data.slice();
  for (let y = 0; y < other.height; y++) {
    result.set(other.data.subarray(y * other.width * 4, (y + 1) * other.width * 4), ((top + y) * width + left) * 4);
  }
  return { width, height, data: result };
}

// The networks around them, on stand-ins

const SIDE = 200, CROP = new SquareCrop(10, 20, SIDE);
const photo = textured(240, 240);
/** Landmarks in photo pixels of a face moved by so much. */
const face = (x = 0, y = 0): Float32Array => Float32Array.from({ length: 478 * 3 }, (_, i) => [CROP.x + x, CROP.y + y, 0][i % 3]!);

function textured(width: number, height: number): Picture {
  const picture = newPicture(width, height);
  for (let i = 0; i < width * height; i++) {
    const x = i % width, y = Math.trunc(i / width);
    picture.data.set([128 + 60 * Math.sin(x / 7), 128 + 60 * Math.sin(y / 9), 128 + 60 * Math.sin((x + y) / 11), 255], i * 4);
  }
  return picture;
}

async function load(colour?: readonly number[]): Promise<{ networks: RegionNetworks; loaded: StandIn[] }> {
  const runtime = standIns(colour), networks = await loadRegionNetworks(bundleOf(REGION_PARTS), runtime, [runtime]);
  return { networks: networks!, loaded: runtime.loaded };
}

async function portraitOf(networks: RegionNetworks, of = photo): Promise<Portrait> {
  const regions = await networks.enroll(of, face(), CROP);
  return { photo: of, landmarks: face(), crop: CROP, consent: undefined, inputs: {}, regions };
}

/** A player whose whole picture stays as the photo is. */
function playerOf(portrait: Portrait, regions: RegionNetworks): PortraitPlayer {
  const still = { flow: new Float32Array(8), mask: new Float32Array(65536).fill(1), painted: new Float32Array(65536 * 3) };
  const animate: Network = { run: async () => still, close: () => {} }, none = animate;
  return new PortraitPlayer(portrait, { animate, regions, retarget: { start: none, step: none, absolute: none, imageMode: none } }, {});
}

/** The box of whole pixels around a region of a face moved by so much. */
function boxOf(region: number, x = 0, y = 0): Box {
  const [left, top] = CORNERS[region]!, [width, height] = SIZES[region === 2 ? "mouth" : "eye"];
  const right = CROP.x + left * SIDE + x, upper = CROP.y + top * SIDE + y, step = PER_PIXEL * SIDE;
  return [right - width * step, upper, right, upper + height * step];
}

const colourAt = ({ width, data }: Picture, x: number, y: number): number[] => [...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 3)];
const middleOf = ([left, top, right, bottom]: Box): [number, number] => [Math.round((left + right) / 2), Math.round((top + bottom) / 2)];

test("a bundle has all networks of eyes and mouth, or none", async () => {
  const runtime = standIns();
  assert.equal(await loadRegionNetworks(bundleOf(["enroll", "animate"]), runtime, [runtime]), undefined);
  for (const part of REGION_PARTS) {
    const loading = loadRegionNetworks(bundleOf(REGION_PARTS.filter((each) => each !== part)), runtime, [runtime]);
    await assert.rejects(loading, { name: "ValueError", message: new RegExp(`no part '${part}'; use a complete bundle`) });
  }
  assert.deepEqual(runtime.loaded, []);
});

test("the networks of a frame are copied, and of one frame eyes and mouth are made beside the whole picture", async () => {
  const own = standIns(), makers = [standIns(), standIns()];
  const { regions, animate } = await loadNetworks(bundleOf(REGION_PARTS), undefined, own, makers);
  assert.deepEqual(own.loaded.filter(({ part }) => part.startsWith("animate")), []);
  for (const { loaded } of makers) {
    assert.deepEqual(loaded.map(({ part }) => part).sort(), ["animate", "animate_eye", "animate_eye", "animate_mouth"]);
  }
  const [one] = await regions!.enroll(photo, face(), CROP);
  const runs = [regions!.animate(0, one!, face()), animate.run({}).catch(() => {})];
  const used = makers.map(({ loaded }) => loaded.filter(({ runs: { length } }) => length).map(({ part }) => part));
  await Promise.all(runs);
  assert.deepEqual(used, [["animate"], ["animate_eye"]]);
  regions!.close();
  const closed = [own, ...makers].flatMap(({ loaded }) => loaded.filter((network) => network.closed === 1).map(({ part }) => part));
  assert.deepEqual(closed.sort(), [...REGION_PARTS, ...["animate_eye", "animate_eye", "animate_eye", "animate_mouth"]].sort());
});

test("enrolment gives the networks the photo's crops and landmarks, and keeps what they make of them", async () => {
  const { networks, loaded } = await load(), { regions } = await portraitOf(networks);
  const given = ["enroll_eye", "enroll_mouth"].flatMap((name) => loaded.find(({ part }) => part === name)!.runs);
  for (const [i, kind] of (["eye", "eye", "mouth"] as const).entries()) {
    const { place, inputs } = regions[i]!, [width, height] = SIZES[kind];
    const crop = extractRegion(photo, place, width, height).data.filter((_, at) => at % 4 < 3);
    assert.ok(farthest(given[i]!.inputs[`${kind}_photo`]!.map((value) => value * 255), crop) < 1e-4);
    assert.equal(given[i]!.inputs[`${kind}_source_landmarks`]![0], i + 1);
    assert.equal(inputs[`${kind}_features`]![0], i === 1 ? 2 : 1);
    await networks.animate(i, regions[i]!, new Float32Array(478 * 2));
  }
  const animates = loaded.filter(({ part }) => part.startsWith("animate"));
  for (const [i, { runs }] of animates.entries()) assert.equal(runs[0]!.kept, regions[i]!.inputs); // a runtime need not copy it again
});

test("a face without a pose is refused", async () => {
  const { networks } = await load();
  await assert.rejects(networks.locate(face().fill(NaN)), /no pose can be fitted/);
});

test("networks that change nothing give the photo back, and its pixels follow the regions", async () => {
  const { networks } = await load(), portrait = await portraitOf(networks), player = playerOf(portrait, networks);
  const still = await player.draw(CROP.toUnit(face()), 0);
  assert.ok(farthest(still.image.data, photo.data) <= 1);
  const moved = await player.draw(CROP.toUnit(face(6, -4)), 1);
  for (const region of [0, 1, 2]) {
    const [x, y] = middleOf(boxOf(region, 6, -4));
    assert.ok(farthest(colourAt(moved.image, x, y), colourAt(photo, x - 6, y + 4)) <= 1);
  }
});

test("what is painted is seen in regions alone, also in a held frame", async () => {
  const { networks } = await load([0.8, 0.1, 0.1]), player = playerOf(await portraitOf(networks), networks);
  const { image } = await player.draw(CROP.toUnit(face(-30, 15)), 0), boxes = [0, 1, 2].map((region) => boxOf(region, -30, 15));
  for (const box of boxes) assert.deepEqual(colourAt(image, ...middleOf(box)), [204, 26, 26]);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      const inside = boxes.some(([left, top, right, bottom]) => x >= left - 1 && x <= right && y >= top - 1 && y <= bottom);
      const at = (y * image.width + x) * 4;
      for (let k = at; !inside && k < at + 3; k++) if (image.data[k] !== photo.data[k]) assert.fail(`pixel ${x}, ${y} was changed`);
    }
  }
  assert.deepEqual((await player.hold(1)).image.data, image.data);
});

test("a mouth that only another photo shows is taken from there, one that both show is not", async () => {
  const { networks } = await load(), portrait = await portraitOf(networks), dark = newPicture(240, 240);
  const shownBy = (value: number): Float32Array => new Float32Array(478 * 2).fill(value); // the mouth that is wanted has threes
  const own = portrait.regions.map((region, i) => (i === 2 ? { ...region, landmarks: shownBy(90) } : region));
  const lent = { photo: dark, regions: portrait.regions.map((region, i) => (i === 2 ? region : { ...region, landmarks: shownBy(90) })) };
  const player = playerOf({ ...portrait, regions: own, lent: [lent] }, networks), [x, y] = middleOf(boxOf(2));
  const first = await player.draw(CROP.toUnit(face()), 0), eye = middleOf(boxOf(0));
  assert.deepEqual(colourAt(first.image, x, y), [0, 0, 0]);
  assert.ok(farthest(colourAt(first.image, ...eye), colourAt(photo, ...eye)) <= 1);
  const slow = playerOf({ ...portrait, regions: portrait.regions, lent: [lent] }, networks);
  await slow.draw(CROP.toUnit(face()), 0);
  assert.ok(farthest(colourAt((await slow.draw(CROP.toUnit(face()), 40)).image, x, y), colourAt(photo, x, y)) <= 1); // both fit: it stays
});

test("regions that reach over the portrait's crop stay in it", async () => {
  const { networks } = await load([0.8, 0.1, 0.1]), player = playerOf(await portraitOf(networks), networks);
  const { image } = await player.draw(CROP.toUnit(face(-30, 60)), 0), bottom = CROP.y + SIDE, [x] = middleOf(boxOf(2, -30));
  assert.notDeepEqual(colourAt(image, x, bottom - 1), colourAt(photo, x, bottom - 1));
  assert.deepEqual(image.data.subarray(bottom * 240 * 4), photo.data.subarray(bottom * 240 * 4));
});

test("what is painted into a black-and-white photo is grey", async () => {
  const grey = { ...photo, data: photo.data.map((_, i, data) => (i % 4 < 3 ? data[i - (i % 4)]! : 255)) };
  const { networks } = await load([0.9, 0.3, 0.3]), player = playerOf(await portraitOf(networks, grey), networks);
  const { image } = await player.draw(CROP.toUnit(face()), 0);
  assert.deepEqual(colourAt(image, ...middleOf(boxOf(2))), [128, 128, 128]);
});

test("a portrait that was enrolled without networks of eyes and mouth is refused where there are some", async () => {
  const { networks } = await load(), portrait = await portraitOf(networks);
  assert.throws(() => playerOf({ ...portrait, regions: [] }, networks), /enrol its photo again/);
});
