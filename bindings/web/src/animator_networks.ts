/** The networks of an animator, loaded from a bundle. */

import { Bundle } from "./bundle.js";
import { LazyNetwork } from "./lazy_network.js";
import { loadPart, type Network, type Runtime } from "./network.js";
import type { PlayerNetworks } from "./portrait_player.js";
import { loadRegionNetworks } from "./region_networks.js";
import { loadCopies } from "./spread_network.js";
import { loadTracker, type TrackerNetworks } from "./tracker.js";

/** All that an animator runs. */
export interface AnimatorNetworks extends PlayerNetworks {
  readonly enroll: Network;
  readonly tracker: TrackerNetworks;
}

/**
 * Loads them, but those for absolute motion and for running mode IMAGE only when they are first run.
 * @param tracker a bundle file with the face tracker's networks, for a `bundle` that holds none.
 * @param animating run the animate networks, by far the most work: a copy of each, so that as many frames are made at once.
 * @throws ValueError files that cannot be used.
 */
export async function loadNetworks(
  bundle: Bundle, tracker: Uint8Array | undefined, runtime: Runtime, animating: readonly Runtime[] = [runtime],
): Promise<AnimatorNetworks> {
  const trackerBundle = tracker ? await Bundle.load(tracker, "the tracker's bundle") : bundle;
  const part = (name: string): Promise<Network> => loadPart(bundle, name, runtime);
  const animate = loadCopies(bundle, "animate", animating);
  // From the last runtime on: of a frame alone, eyes and mouth are made beside the whole picture.
  const regions = loadRegionNetworks(bundle, runtime, [...animating].reverse());
  for (const loading of [animate, regions]) loading.catch(() => {}); // waited for below; what fails before is told instead
  return {
    enroll: await part("enroll"),
    retarget: {
      start: await part("retarget_start"),
      step: await part("retarget"),
      absolute: new LazyNetwork(() => part("retarget_absolute")),
      imageMode: new LazyNetwork(() => part("image_mode")),
    },
    tracker: await loadTracker(trackerBundle, runtime),
    animate: await animate,
    regions: await regions,
  };
}
