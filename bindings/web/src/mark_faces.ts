/** Where in a picture a mark is likely, as `monalive.trust.mark_faces`: in the squares around its faces. */

import { CROP_FACE_SIZES, CROP_RISE, type Landmarks, MESH_COUNT } from "./crop.js";
import type { Point } from "./mark_geometry.js";

/** The outer corners of the right and the left eye. */
const EYE_CORNERS = [33, 263] as const;

/** The square that `portraitCrop` chooses around a face where the photo has room for it, whichever way up. */
export interface FaceSquare {
  readonly centre: Point;
  readonly side: number;
}

/** The square of a face that `FaceTracker` found. */
export function faceSquare(landmarks: Landmarks): FaceSquare {
  const points = Array.from({ length: MESH_COUNT }, (_, i): Point => [landmarks[3 * i]!, landmarks[3 * i + 1]!]);
  const [one, other] = EYE_CORNERS.map((corner) => points[corner]!) as [Point, Point];
  const apart = Math.hypot(other[0] - one[0], other[1] - one[1]) + 1e-9;
  const right: Point = [(other[0] - one[0]) / apart, (other[1] - one[1]) / apart];
  const below = [0, 1].map((axis) => points.reduce((sum, point) => sum + point[axis]!, 0) / MESH_COUNT - (one[axis]! + other[axis]!) / 2);
  const sign = below[0]! * -right[1] + below[1]! * right[0] < 0 ? -1 : 1; // a face in a mirror
  const down: Point = [-right[1] * sign, right[0] * sign];
  const range = (axis: Point): Point => {
    const places = points.map(([x, y]) => x * axis[0] + y * axis[1]);
    return [Math.min(...places), Math.max(...places)];
  };
  const [left, end] = range(right), [top, bottom] = range(down);
  const side = Math.max(end - left, bottom - top) * CROP_FACE_SIZES;
  const across = (left + end) / 2, along = (top + bottom) / 2 - CROP_RISE * side;
  return { centre: [across * right[0] + along * down[0], across * right[1] + along * down[1]], side };
}
