/** A face made from coefficients: a mean face, and what each of 52 expressions adds to it. Statistics; nobody's face. */

import { type Aperture, faceApertures, LEFT_EYE_CORNERS, LEFT_IRIS, RIGHT_EYE_CORNERS, RIGHT_IRIS } from "./apertures.js";
import { Archive, readable } from "./archive.js";
import { LANDMARK_COUNT } from "./crop.js";
import { ValueError } from "./errors.js";
import { readArray } from "./npz.js";

const FORMAT = "monalive.expressions";
const MOST_BYTES = 2 ** 22;
/** Radius of the eyeball in eye widths: how far the iris travels when the eye turns. */
const EYEBALL_RADIUS = 0.4;
const VALUES = LANDMARK_COUNT * 3;

/** A linear model of facial expression: the SDK's `expressions.npz`. */
export class ExpressionBasis {
  readonly #apertures: { readonly eyes: readonly Aperture[]; readonly mouth: Aperture };
  readonly #indices: ReadonlyMap<string, number>;

  /**
   * @param names of the coefficients, in order.
   * @param meanFace 478 x 3: mouth shut, eyes open, looking at the camera; the outer eye corners are 1 apart.
   * @param displacements names x 478 x 3: what a coefficient of 1 adds.
   */
  private constructor(readonly names: readonly string[], readonly meanFace: Float64Array, private readonly displacements: Float32Array) {
    this.#apertures = faceApertures(meanFace);
    this.#indices = new Map(names.map((name, index) => [name, index]));
  }

  /**
   * Reads a file.
   * @throws ValueError it is not an expression model, or damaged.
   */
  static load(content: Uint8Array, where = "the file"): ExpressionBasis {
    return readable(
      () => {
        const archive = new Archive(content), mean = readArray(archive, "mean_face", MOST_BYTES), moved = readArray(archive, "displacements", MOST_BYTES);
        const about = JSON.parse(readArray(archive, "about", MOST_BYTES).text) as { format?: unknown; names?: unknown };
        if (about.format !== FORMAT || !Array.isArray(about.names)) throw new Error("it is of another format");
        if (String(mean.shape) !== `${LANDMARK_COUNT},3` || String(moved.shape) !== `${about.names.length},${LANDMARK_COUNT},3`) {
          throw new Error("its arrays have another shape");
        }
        return new ExpressionBasis(about.names.map(String), Float64Array.from(mean.values), moved.values);
      },
      (reason) => `${where} is not an expression model (or is damaged): ${reason}`,
    );
  }

  /**
   * Adds an expression to points.
   * @throws ValueError there is none of this name.
   */
  #add(points: Float64Array, name: string, amount: number): void {
    const index = this.#indices.get(name);
    if (index === undefined) throw new ValueError(`unknown expression '${name}'; known are: ${this.names.join(", ")}`);
    if (amount) for (let i = 0; i < VALUES; i++) points[i]! += amount * this.displacements[index * VALUES + i]!;
  }

  /**
   * The mean face with an expression, 478 x 3 in its own frame. Eyelids and lips that would pass through each other are stopped
   * where they meet.
   * @param gaze where both eyes look, in degrees to the picture's right and down.
   * @throws ValueError an expression that does not exist.
   */
  face(coefficients: Iterable<readonly [string, number]>, gaze: readonly [number, number] = [0, 0]): Float64Array {
    const points = this.meanFace.slice();
    for (const [name, amount] of coefficients) this.#add(points, name, amount);
    for (const aperture of [...this.#apertures.eyes, this.#apertures.mouth]) aperture.separate(points);
    const [across, down] = gaze.map((degrees) => EYEBALL_RADIUS * Math.sin((degrees * Math.PI) / 180)) as [number, number];
    for (const [[outer, inner], iris] of [[RIGHT_EYE_CORNERS, RIGHT_IRIS], [LEFT_EYE_CORNERS, LEFT_IRIS]] as const) {
      const width = Math.hypot(...[0, 1, 2].map((axis) => this.meanFace[outer * 3 + axis]! - this.meanFace[inner * 3 + axis]!));
      for (const point of iris) {
        points.set(this.meanFace.subarray(point * 3, point * 3 + 3), point * 3);
        points[point * 3]! += across * width;
        points[point * 3 + 1]! += down * width;
      }
    }
    return points;
  }

  /** How far a coefficient of 1 moves the middle of the lips apart, in mouth widths; below 0: together. */
  lipsOpening(name: string): number {
    const { mouth } = this.#apertures, alone = new Float64Array(VALUES);
    this.#add(alone, name, 1);
    const gaps = mouth.gaps(alone);
    return gaps[Math.floor(gaps.length / 2)]! / mouth.width(this.meanFace);
  }
}
