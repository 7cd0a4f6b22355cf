/** How far a face is from neutral: looking ahead, eyes open, mouth shut, brows and corners of the mouth at rest. */

import type { Landmarks } from "./crop.js";

/** Yaw, pitch, roll (degrees), mouth gap, mouth width, brow height, eye gap, gaze: see `neutral_face.py`. */
export type Measures = readonly number[];
type Vector = readonly [number, number, number];

const RIGHT = { corners: [33, 133], lids: [[160, 144], [159, 145], [158, 153]], iris: 468 } as const;
const LEFT = { corners: [263, 362], lids: [[387, 373], [386, 374], [385, 380]], iris: 473 } as const;
const LIPS = [[191, 95], [80, 88], [81, 178], [82, 87], [13, 14], [312, 317], [311, 402], [310, 318], [415, 324]] as const;
const MOUTH_CORNERS = [78, 308] as const, NOSE_BASE = 2;
const BROWS = [276, 283, 282, 295, 285, 46, 53, 52, 65, 55] as const;
/** Departures that count 1, as many of each measure. */
const COUNTS_ONE = [8, 8, 8, 0.06, 0.08, 0.06, 0.08, 0.12];
/** What the mean face measures. */
const USUAL = [0, -33.2299, 0, 0.0055, 0.5192, 0.2291, 0.3201, 0];
/** A person's own rest is so far on the way from the mean face's to the middle of what they show, and no farther. */
const OWN = [0, 0.4, 0, 0, 0.4, 0.4, 0, 0], FARTHEST_OWN = [0, 15, 0, 0, 0.15, 0.15, 0, 0];
const MOUTH_GAP = 3, EYE_GAP = 6, SHUT = 0.02, OPEN_EYES = 0.75, NEARLY = 0.1;

export function faceMeasures(landmarks: Landmarks): Measures {
  const at = (index: number): Vector => [landmarks[index * 3]!, landmarks[index * 3 + 1]!, landmarks[index * 3 + 2]!];
  const distance = ([a, b]: readonly [number, number]): number => length(minus(at(a), at(b)));
  const middle = (indices: readonly number[]): Vector =>
    indices.map(at).reduce((sum, point) => plus(sum, point), [0, 0, 0] as Vector).map((value) => value / indices.length) as unknown as Vector;
  const eyeLine = [RIGHT.corners[0], LEFT.corners[0]], across = minus(at(eyeLine[1]!), at(eyeLine[0]!));
  const size = Math.max(length(across), 1e-9), flat = Math.max(Math.hypot(across[0], across[1]), 1e-9);
  // The head's axes were it not for pitch: to its left, down, and away from the camera.
  const down: Vector = [-across[1] / flat, across[0] / flat, 0];
  const away = cross(across.map((value) => value / size) as unknown as Vector, down);
  const nose = minus(at(NOSE_BASE), middle(eyeLine));
  const roll = degrees(Math.atan2(across[1], across[0])) + 45; // sideways or upside down, a driver looks ahead as well
  const mouth = distance(MOUTH_CORNERS), eyes = [RIGHT, LEFT];
  const widths = eyes.map(({ corners }) => Math.max(distance(corners), 1e-9));
  const brow = minus(middle(BROWS), middle(eyes.flatMap(({ corners }) => corners)));
  return [
    degrees(Math.atan2(across[2], flat)),
    degrees(Math.atan2(dot(nose, away), dot(nose, down))),
    roll - 90 * Math.floor(roll / 90) - 45,
    mean(LIPS.map(distance)) / Math.max(mouth, 1e-9),
    mouth / size,
    length(brow) / size,
    mean(eyes.map(({ lids }, eye) => mean(lids.map(distance)) / widths[eye]!)),
    mean(eyes.map(({ corners, iris }, eye) => dot(minus(at(iris), middle(corners)), across) / (size * widths[eye]!))),
  ];
}

/** How far each of some frames of one person is from neutral: 0 is neutral, 1 is seen at a glance. */
export function departures(frames: readonly Measures[]): number[] {
  const of = (measure: number): number[] => frames.map((frame) => frame[measure]!);
  const rest = USUAL.map((usual, measure) => {
    const own = quantile(of(measure), 0.5) - usual, most = FARTHEST_OWN[measure]!;
    return usual + OWN[measure]! * Math.max(-most, Math.min(most, own));
  });
  const open = quantile(of(EYE_GAP), OPEN_EYES);
  return frames.map((frame) =>
    frame.reduce((sum, value, measure) => {
      const change = measure === MOUTH_GAP ? Math.max(value - SHUT, 0) : value - (measure === EYE_GAP ? open : rest[measure]!);
      return sum + (change / COUNTS_ONE[measure]!) ** 2;
    }, 0),
  );
}

/** Which of the frames is the most neutral; of several nearly alike the earliest. */
export function mostNeutral(frames: readonly Measures[]): number {
  const cost = departures(frames), least = Math.min(...cost);
  return cost.findIndex((value) => value <= least + NEARLY);
}

/** With what lies between two values, in proportion. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b), place = share * (sorted.length - 1), low = Math.floor(place);
  const next = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return sorted[low]! + (place - low) * (next - sorted[low]!);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function degrees(radians: number): number {
  return (radians * 180) / Math.PI;
}

function plus(a: Vector, b: Vector): Vector {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

function minus(a: Vector, b: Vector): Vector {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function length(a: Vector): number {
  return Math.hypot(...a);
}
