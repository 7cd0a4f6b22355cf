/** What stands for a driver of whom there is one picture only: running mode IMAGE. */

import type { Landmarks } from "./crop.js";
import type { Network } from "./network.js";
import { withPose } from "./retarget_stream.js";

/**
 * A face of average shape in the driver's place, 478 x 3 pixels each: `reference` at rest, looking at the camera, and `moved`
 * with the driver's expression and pose.
 * @param blendshapes the driver's 52 scores.
 * @throws ValueError no pose can be fitted to the driver's landmarks.
 */
export async function asMeanFace(
  imageMode: Network, driver: Landmarks, blendshapes: Float32Array,
): Promise<{ reference: Landmarks; moved: Landmarks }> {
  const made = await imageMode.run({ driver_landmarks: driver, blendshapes });
  return { reference: made["mean_face_reference"]!, moved: withPose(made["mean_face_landmarks"]!) };
}
