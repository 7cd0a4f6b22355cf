/** The bundle's networks of eyes and mouth: enrolment, once per photo; where they lie, and a frame of each. */

import type { Bundle } from "./bundle.js";
import type { Landmarks, SquareCrop } from "./crop.js";
import { ValueError } from "./errors.js";
import { LEFT_EYE, LEFT_IRIS, LEFT_LID_PAIRS, LIP_PAIRS, LIPS_INNER, LIPS_OUTER } from "./landmarks.js";
import { loadPart, type Network, type Runtime } from "./network.js";
import { type Picture, toTensor } from "./picture.js";
import type { EnrolledRegion } from "./portrait.js";
import { extractRegion, regionPlace } from "./region_crop.js";
import { withPose } from "./retarget_stream.js";
import { loadCopies } from "./spread_network.js";

const CROPS_PART = "region_crops";
const KINDS = ["eye", "mouth"] as const;
/** Which networks draw a region, and what the names of their tensors begin with. */
type Kind = (typeof KINDS)[number];
export const REGION_PARTS: readonly string[] = [CROPS_PART, ...KINDS.flatMap((kind) => [`enroll_${kind}`, `animate_${kind}`])];

interface Region {
  readonly name: string;
  readonly kind: Kind;
  /** Landmarks that tell what it does. */
  readonly shownBy: readonly number[];
  /** Upper and lower landmarks that meet when it is shut. */
  readonly opening: readonly (readonly [number, number])[];
}

/** A left eye; a right one is mirrored. */
const EYE = { shownBy: [...LEFT_EYE, ...LEFT_IRIS], opening: LEFT_LID_PAIRS };

/** In the order in which `region_crops` gives their places; a right eye's crop is mirrored, landmarks included. */
export const REGIONS: readonly Region[] = [
  { name: "left_eye", kind: "eye", ...EYE },
  { name: "right_eye", kind: "eye", ...EYE },
  { name: "mouth", kind: "mouth", shownBy: [...LIPS_OUTER, ...LIPS_INNER], opening: LIP_PAIRS },
];

/** Where a region lies. */
export interface LocatedRegion {
  /** Six numbers, crop pixels to units of the photo's square crop, see `region_crop.ts`. */
  readonly place: Float32Array;
  /** 478 x 2 crop pixels. */
  readonly landmarks: Float32Array;
}

/** What a region's network computes for a frame; fields of `RegionLayer`. */
export interface RegionFrame {
  readonly width: number;
  readonly height: number;
  readonly flow: Float32Array;
  readonly mask: Float32Array;
  readonly painted: Float32Array;
}

/** A network that takes a region's crop, of the size that all arrays of its kind have. */
export interface EnrollNetwork {
  readonly network: Network;
  readonly width: number;
  readonly height: number;
}

/** The networks of eyes and mouth, loaded. */
export class RegionNetworks {
  /**
   * @param crops a face's landmarks to places and landmarks of its regions.
   * @param animates one for each of `REGIONS`: what stays of the two eyes differs, so each has a network that keeps it.
   */
  constructor(readonly crops: Network, readonly enrolls: Readonly<Record<Kind, EnrollNetwork>>, readonly animates: readonly Network[]) {}

  /**
   * Each of `REGIONS` of a face of landmarks in units of the photo's square crop.
   * @throws ValueError no pose can be fitted to the landmarks.
   */
  async locate(landmarks: Landmarks): Promise<LocatedRegion[]> {
    const made = await this.crops.run({ face_landmarks: landmarks }), places = withPose(made["places"]!);
    return REGIONS.map(({ name }, i) => ({ place: places.subarray(i * 6, i * 6 + 6), landmarks: made[`${name}_landmarks`]! }));
  }

  /**
   * What of each of `REGIONS` depends on the photo alone.
   * @param landmarks in pixels of the photo.
   * @throws ValueError no pose can be fitted to the landmarks.
   */
  async enroll(photo: Picture, landmarks: Landmarks, crop: SquareCrop): Promise<EnrolledRegion[]> {
    const located = await this.locate(crop.toUnit(landmarks)), enrolled: EnrolledRegion[] = [];
    for (const [i, { kind }] of REGIONS.entries()) {
      const { network, width, height } = this.enrolls[kind], place = regionPlace(located[i]!.place, crop);
      const inputs = {
        [`${kind}_photo`]: toTensor(extractRegion(photo, place, width, height), (level) => level / 255),
        [`${kind}_source_landmarks`]: located[i]!.landmarks,
      };
      enrolled.push({ place, inputs: { ...inputs, ...(await network.run(inputs)) }, landmarks: located[i]!.landmarks });
    }
    return enrolled;
  }

  /**
   * One frame of one region.
   * @param number of `REGIONS`.
   * @param enrolled that region of the photo.
   * @param landmarks 478 x 2 wanted, in pixels of the frame's crop.
   */
  async animate(number: number, enrolled: EnrolledRegion, landmarks: Float32Array): Promise<RegionFrame> {
    const { kind } = REGIONS[number]!, { width, height } = this.enrolls[kind];
    const out = await this.animates[number]!.run({ [`${kind}_target_landmarks`]: landmarks }, enrolled.inputs);
    return { width, height, flow: out[`${kind}_flow`]!, mask: out[`${kind}_mask`]!, painted: out[`${kind}_painted`]! };
  }

  close(): void {
    for (const network of [this.crops, ...KINDS.map((kind) => this.enrolls[kind].network), ...this.animates]) network.close();
  }
}

/**
 * The networks of eyes and mouth of a bundle; undefined where it has none, as those of earlier versions.
 * @param animating run what is needed for every frame, see `loadNetworks`.
 * @throws ValueError it has some of them and lacks others, or they do not match its manifest.
 */
export async function loadRegionNetworks(
  bundle: Bundle, runtime: Runtime, animating: readonly Runtime[],
): Promise<RegionNetworks | undefined> {
  const missing = REGION_PARTS.filter((part) => !bundle.parts.has(part));
  if (missing.length === REGION_PARTS.length) return undefined;
  if (missing.length) {
    const named = missing.map((part) => `'${part}'`).join(", ");
    throw new ValueError(`the bundle has networks of eyes and mouth but no part ${named}; use a complete bundle`);
  }
  const animates = Promise.all(REGIONS.map(({ kind }) => loadCopies(bundle, `animate_${kind}`, animating)));
  animates.catch(() => {}); // waited for below
  const enroll = async (kind: Kind): Promise<EnrollNetwork> => {
    const part = `enroll_${kind}`, shape = bundle.partManifest(part).inputs.find(({ name }) => name === `${kind}_photo`)?.shape;
    if (!shape) throw new ValueError(`the bundle's part '${part}' does not say how large its picture is; get the file again`);
    return { network: await loadPart(bundle, part, runtime), height: shape[1]!, width: shape[2]! };
  };
  const enrolls = { eye: await enroll("eye"), mouth: await enroll("mouth") };
  return new RegionNetworks(await loadPart(bundle, CROPS_PART, runtime), enrolls, await animates);
}
