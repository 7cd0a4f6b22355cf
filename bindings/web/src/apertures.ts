/** The openings of the face, eyelids and inner lips: how far open they are, and bringing edges back that passed each other. */

const RIGHT_LIDS = [[246, 7], [161, 163], [160, 144], [159, 145], [158, 153], [157, 154], [173, 155]] as const;
const LEFT_LIDS = [[466, 249], [388, 390], [387, 373], [386, 374], [385, 380], [384, 381], [398, 382]] as const;
const LIPS = [[191, 95], [80, 88], [81, 178], [82, 87], [13, 14], [312, 317], [311, 402], [310, 318], [415, 324]] as const;
export const RIGHT_EYE_CORNERS = [33, 133] as const, LEFT_EYE_CORNERS = [263, 362] as const;
const MOUTH_CORNERS = [78, 308] as const;
export const RIGHT_IRIS = [468, 469, 470, 471, 472] as const, LEFT_IRIS = [473, 474, 475, 476, 477] as const;
/** How far the skin around an aperture follows its edges, in outer-eye-corner distances (standard deviation): above, below. */
const LID_REACH = [0.05, 0.04] as const, LIP_REACH = [0.08, 0.25] as const;
/** The part of a closing that the upper edge does. */
const LID_UPPER_SHARE = 0.8, LIP_UPPER_SHARE = 0.35;

type Pairs = readonly (readonly [number, number])[];
/** 478 x 3. */
type Points = Float64Array;

/** Two edges that meet, and the skin that follows them. */
export class Aperture {
  readonly #fields: readonly [Float64Array, Float64Array];

  constructor(
    face: Points, private readonly pairs: Pairs, private readonly corners: readonly [number, number],
    private readonly upperShare: number, reach: readonly [number, number],
  ) {
    const line = [...pairs.map(([up, low]) => [(x(face, up) + x(face, low)) / 2, (y(face, up) + y(face, low)) / 2] as const),
      ...corners.map((corner) => [x(face, corner), y(face, corner)] as const)].sort(([a], [b]) => a - b);
    const still = new Set([...RIGHT_IRIS, ...LEFT_IRIS, ...corners, ...pairs.flat()]);
    const [upper, lower] = [0, 1].map((edge) => {
      const sign = edge ? -1 : 1, points = pairs.map((pair) => pair[edge]!);
      const side = (point: number): number => sign * (interpolated(line, x(face, point)) - y(face, point));
      return field(face, points, side, reach[edge]!, still);
    });
    this.#fields = [upper!, lower!];
  }

  /** The opening of each pair: positive where open, negative where the edges have passed each other. */
  gaps(points: Points): number[] {
    return this.pairs.map(([upper, lower]) => y(points, lower) - y(points, upper));
  }

  /** Distance between the corners. */
  width(points: Points): number {
    const [a, b] = this.corners;
    return Math.hypot(...[0, 1, 2].map((axis) => points[a * 3 + axis]! - points[b * 3 + axis]!));
  }

  /** Brings edges that have passed each other back to where they meet. */
  separate(points: Points): void {
    const pairs = this.pairs.length, [upper, lower] = this.#fields;
    const amounts = this.gaps(points).map((gap) => Math.max(-gap, 0));
    if (!amounts.some(Boolean)) return;
    for (let point = 0; point * 3 < points.length; point++) {
      for (let pair = 0; pair < pairs; pair++) {
        const at = point * pairs + pair;
        points[point * 3 + 1]! += amounts[pair]! * ((1 - this.upperShare) * lower[at]! - this.upperShare * upper[at]!);
      }
    }
  }
}

/** Both eyes and the mouth, laid out on a neutral face whose outer eye corners are 1 apart. */
export function faceApertures(face: Points): { eyes: readonly Aperture[]; mouth: Aperture } {
  return {
    eyes: [
      new Aperture(face, RIGHT_LIDS, RIGHT_EYE_CORNERS, LID_UPPER_SHARE, LID_REACH),
      new Aperture(face, LEFT_LIDS, LEFT_EYE_CORNERS, LID_UPPER_SHARE, LID_REACH),
    ],
    mouth: new Aperture(face, LIPS, MOUTH_CORNERS, LIP_UPPER_SHARE, LIP_REACH),
  };
}

/** How far each landmark follows each point of an edge: points x edge. */
function field(face: Points, edge: readonly number[], side: (point: number) => number, reach: number, still: ReadonlySet<number>): Float64Array {
  const count = edge.length, values = new Float64Array((face.length / 3) * count);
  const steps = edge.slice(1).map((point, i) => Math.hypot(x(face, point) - x(face, edge[i]!), y(face, point) - y(face, edge[i]!)));
  steps.sort((a, b) => a - b); // their number is even
  const spacing = (steps[steps.length / 2 - 1]! + steps[steps.length / 2]!) / 2;
  for (let point = 0; point * 3 < face.length; point++) {
    if (still.has(point)) continue;
    const squared = edge.map((other) => (x(face, point) - x(face, other)) ** 2 + (y(face, point) - y(face, other)) ** 2);
    const nearest = Math.min(...squared), shares = squared.map((value) => Math.exp(-(value - nearest) / (2 * spacing ** 2)));
    const total = shares.reduce((sum, share) => sum + share, 0);
    const follow = Math.exp(-nearest / (2 * reach ** 2)) * Math.min(Math.max(side(point) / (0.25 * spacing), 0), 1);
    if (follow >= 0.01) shares.forEach((share, i) => (values[point * count + i] = (share / total) * follow));
  }
  edge.forEach((point, i) => (values[point * count + i] = 1));
  return values;
}

/** Of a line of points from left to right, held at its ends. */
function interpolated(line: readonly (readonly [number, number])[], at: number): number {
  const next = line.findIndex(([where]) => where > at);
  if (next < 0) return line.at(-1)![1];
  if (next === 0) return line[0]![1];
  const [[left, from], [right, to]] = [line[next - 1]!, line[next]!];
  return from + ((to - from) * (at - left)) / (right - left);
}

function x(points: Points, index: number): number {
  return points[index * 3]!;
}

function y(points: Points, index: number): number {
  return points[index * 3 + 1]!;
}
