/** Further photos of a person, laid over the first one: what the SDK's `photo_alignment` does with photos of another view. */

import { type Landmarks, SquareCrop } from "./crop.js";
import { FACE_OVAL, RIGID } from "./landmarks.js";
import { snapped } from "./paste_back.js";
import { copyOf, type Picture } from "./picture.js";

const LEAST_GAIN = 0.6, MOST_GAIN = 1.6;

/** A photo, and where the face is in it. */
export interface PhotoOfPerson {
  readonly photo: Picture;
  /** In pixels of the photo. */
  readonly landmarks: Landmarks;
  /** The square that moves. */
  readonly crop: SquareCrop;
}

/**
 * Another photo in the first one's place: a picture of the first one's size whose crop shows the other photo, so that the heads
 * coincide, in the first one's colours.
 */
export function aligned(photo: Picture, landmarks: Landmarks, first: PhotoOfPerson): PhotoOfPerson {
  const own = matchingCrop(landmarks, first), scale = own.side / first.crop.side, { left, top, side } = snapped(first.crop);
  const square = new SquareCrop(own.x + (left - first.crop.x) * scale, own.y + (top - first.crop.y) * scale, side * scale);
  const patch = square.extract(inColoursOf(photo, landmarks, first), side), picture = copyOf(first.photo);
  for (let y = Math.max(0, -top); y < side && top + y < picture.height; y++) {
    const from = Math.max(0, -left), to = Math.min(side, picture.width - left);
    picture.data.set(patch.data.subarray((y * side + from) * 4, (y * side + to) * 4), ((top + y) * picture.width + left + from) * 4);
  }
  return { photo: picture, landmarks: first.crop.toPixels(own.toUnit(landmarks)), crop: first.crop };
}

/** The crop of another photo in which the head lies where it lies in the first photo's crop. */
export function matchingCrop(landmarks: Landmarks, first: PhotoOfPerson): SquareCrop {
  const wanted = spreadOf(first.crop.toUnit(first.landmarks)), own = spreadOf(landmarks), side = own.spread / wanted.spread;
  return new SquareCrop(own.x - wanted.x * side, own.y - wanted.y * side, side);
}

/** The middle of the points that move with the skull, and the root of their summed squared distances from it. */
function spreadOf(landmarks: Landmarks): { x: number; y: number; spread: number } {
  const middle = (axis: number): number => RIGID.reduce((sum, at) => sum + landmarks[at * 3 + axis]!, 0) / RIGID.length;
  const x = middle(0), y = middle(1);
  const squares = RIGID.reduce((sum, at) => sum + (landmarks[at * 3]! - x) ** 2 + (landmarks[at * 3 + 1]! - y) ** 2, 0);
  return { x, y, spread: Math.sqrt(squares) };
}

/** The photo with its face's mean and spread per channel brought to those of the first photo. */
function inColoursOf(photo: Picture, landmarks: Landmarks, first: PhotoOfPerson): Picture {
  const own = faceColours(photo, landmarks), wanted = faceColours(first.photo, first.landmarks), picture = copyOf(photo), { data } = picture;
  for (let channel = 0; channel < 3; channel++) {
    const gain = Math.min(Math.max(wanted.deviation[channel]! / Math.max(own.deviation[channel]!, 1), LEAST_GAIN), MOST_GAIN);
    for (let i = channel; i < data.length; i += 4) data[i] = (data[i]! - own.mean[channel]!) * gain + wanted.mean[channel]!;
  }
  return picture;
}

/** Mean and standard deviation per channel inside the face's oval. */
function faceColours({ width, height, data }: Picture, landmarks: Landmarks): { mean: number[]; deviation: number[] } {
  const oval = FACE_OVAL.map((at) => [landmarks[at * 3]!, landmarks[at * 3 + 1]!] as const);
  const sums = [0, 0, 0], squares = [0, 0, 0];
  let count = 0;
  for (let y = 0; y < height; y++) {
    const crossings = oval.flatMap(([x, v], i) => {
      const [nextX, nextV] = oval[(i + 1) % oval.length]!, row = y + 0.5;
      return v <= row !== nextV <= row ? [x + ((row - v) / (nextV - v)) * (nextX - x)] : [];
    }).sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const end = Math.min(width - 0.5, crossings[pair + 1]!);
      for (let x = Math.max(0, Math.ceil(crossings[pair]! - 0.5)); x + 0.5 <= end; x++, count++) {
        for (let channel = 0; channel < 3; channel++) {
          const level = data[(y * width + x) * 4 + channel]!;
          sums[channel]! += level;
          squares[channel]! += level ** 2;
        }
      }
    }
  }
  const mean = sums.map((sum) => sum / Math.max(count, 1));
  return { mean, deviation: squares.map((sum, channel) => Math.sqrt(Math.max(sum / Math.max(count, 1) - mean[channel]! ** 2, 0))) };
}
