/** A face drawn from its landmarks alone, in lines. */

import type { Landmarks } from "../../../bindings/web/src/crop.js";

const OVAL = [10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109];
const EYES = [
  [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246],
  [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466],
];
const LIPS = [
  [61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185],
  [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191],
];
const OPEN_LINES = [[70, 63, 105, 66, 107], [300, 293, 334, 296, 336], [168, 6, 197, 195, 4], [98, 97, 2, 326, 327]];
/** An iris' middle, and a point of its edge. */
const IRISES = [[468, 469], [473, 474]] as const;
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
  for (const line of [OVAL, ...EYES, ...LIPS, ...OPEN_LINES]) {
    context.beginPath();
    for (const index of line) context.lineTo(...place(index));
    if (!OPEN_LINES.includes(line)) context.closePath();
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
