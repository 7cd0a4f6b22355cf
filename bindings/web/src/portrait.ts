/** An enrolled person: everything about the photo that is computed once. */

import type { Landmarks, SquareCrop } from "./crop.js";
import { ValueError } from "./errors.js";
import type { Tensors } from "./network.js";
import type { Picture } from "./picture.js";
import type { Affine } from "./resample.js";

/** The answers to why a face may be animated. */
export const CONSENTS = ["self", "given", "artwork"] as const;
/** Why this face may be animated, as the user states it: my own, its owner has agreed, a work of art. */
export type Consent = (typeof CONSENTS)[number];

export const CONSENT_NOTICE =
  "Faces are people: animate your own face, one whose owner has agreed, or a work of art. Say which with consent: " +
  "'self', 'given' or 'artwork'.";

/** A person to animate, made by `PhotoAnimator.enroll`. */
export interface Portrait {
  readonly photo: Picture;
  /** In pixels of `photo`. */
  readonly landmarks: Landmarks;
  /** The square of `photo` that moves. */
  readonly crop: SquareCrop;
  readonly consent: Consent | undefined;
  /** The animate network's inputs that stay the same for every frame. */
  readonly inputs: Tensors;
  /** Left eye, right eye and mouth; none where the bundle has no networks of their own for them. */
  readonly regions: readonly EnrolledRegion[];
  /** Further photos of the person: they lend their eyes and mouths to frames that need what the first one does not show. */
  readonly lent?: readonly LentPhoto[];
}

/** Another photo of the same person, laid over the first one. */
export interface LentPhoto {
  /** Of the first photo's size. */
  readonly photo: Picture;
  readonly regions: readonly EnrolledRegion[];
}

/** An eye or the mouth of a photo with what its enrolment network made of it. */
export interface EnrolledRegion {
  /** From pixels of its crop to photo pixels, see `region_crop.ts`. */
  readonly place: Affine;
  /** The inputs of its animate network that stay the same for every frame. */
  readonly inputs: Tensors;
  /** 478 x 2 landmarks of the photo in pixels of the region's crop. */
  readonly landmarks: Float32Array;
}

/** @throws ValueError another name. */
export function statedConsent(consent: string | undefined): Consent | undefined {
  if (consent === undefined) return undefined;
  if ((CONSENTS as readonly string[]).includes(consent)) return consent as Consent;
  throw new ValueError(`consent is 'self', 'given' or 'artwork' (or left out), not '${consent}'`);
}
