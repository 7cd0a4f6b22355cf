/** A face drawn from its landmarks alone, in lines. */

import type { Landmarks } from "../../../bindings/web/src/crop.js";
import {
  FACE_OVAL, LEFT_EYE, LEFT_IRIS, LIPS_INNER, LIPS_OUTER, RIGHT_EYE, RIGHT_IRIS,
} from "../../../bindings/web/src/landmarks.js";

const EYES = [RIGHT_EYE, LEFT_EYE];
const CLOSED_LINES: readonly (readonly number[])[] = [FACE_OVAL, ...EYES, LIPS_OUTER, LIPS_INNER];
const OPEN_LINES = [[70, 63, 105, 66, 107], [300, 293, 334, 296, 336], [168, 6, 197, 195, 4], [98, 97, 2, 326, 327]];
const IRISES = [RIGHT_IRIS, LEFT_IRIS];
/** Of the drawing's shorter side. */
const LINE = 0.018;

/** What of the driver's pictures is drawn: a square, in their pixels. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly side: number;
}

/** A square around some faces, with a little room. */
export function frameAround(faces: readonly Landmarks[]): Frame {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (const face of faces) {
    for (let i = 0; i < face.length; i += 3) {
      left = Math.min(left, face[i]!);
      right = Math.max(right, face[i]!);
      top = Math.min(top, face[i + 1]!);
      bottom = Math.max(bottom, face[i + 1]!);
    }
  }
  const side = Math.max(right - left, bottom - top) * 1.12;
  return { x: (left + right - side) / 2, y: (top + bottom - side) / 2, side };
}

/** Draws a face in lines of `colour` into a square of a canvas. */
export function drawFace(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D, landmarks: Landmarks, frame: Frame, colour: string,
  to: Frame,
): void {
  const scale = to.side / frame.side;
  const place = (index: number): [number, number] =>
    [to.x + (landmarks[index * 3]! - frame.x) * scale, to.y + (landmarks[index * 3 + 1]! - frame.y) * scale];
  context.save();
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = Math.max(1, to.side * LINE);
  context.lineJoin = context.lineCap = "round";
  for (const line of [...CLOSED_LINES, ...OPEN_LINES]) {
    context.beginPath();
    for (const index of line) context.lineTo(...place(index));
    if (CLOSED_LINES.includes(line)) context.closePath();
    context.stroke();
  }
  IRISES.forEach(([middle, edge], eye) => {
    const [x, y] = place(middle), [u, v] = place(edge);
    context.save();
    context.beginPath();
    for (const index of EYES[eye]!) context.lineTo(...place(index));
    context.clip(); // lids that are shut hide it
    context.beginPath();
    context.arc(x, y, Math.hypot(u - x, v - y), 0, 2 * Math.PI);
    context.fill();
    context.restore();
  });
  context.restore();
}
