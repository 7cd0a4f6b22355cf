/** A driver's video, read picture by picture. */

import { CanvasSink, type Input, type InputVideoTrack, type WrappedCanvas } from "mediabunny";
import type { AnimatorWorker, Motion } from "../../../bindings/web/src/worker_client.js";
import { mediaInput } from "./media_input.js";
import { InputProblem } from "./problems.js";
import type { Moment, VideoMoment } from "./playback.js";
import type { Work } from "./progress.js";
import type { DriverPicture } from "./views.js";

/** Pictures are made so large at most: faces need no more. */
const LONGEST_SIDE = 720;
/** Pictures handed to the animator and not yet read. */
const AHEAD = 2;

/** What is read off a video. */
export interface FilmMotion {
  readonly motion: Motion;
  /** Where in the file its first picture is. */
  readonly startMs: number;
  readonly hasSound: boolean;
}

/**
 * The motion of the face in a video.
 * @throws InputProblem it cannot be read here; ValueError no face in it; DOMException the user ended it.
 */
export async function motionOf(animator: AnimatorWorker, file: File, { signal, progress }: Work): Promise<FilmMotion> {
  const { track, input } = await opened(file, file.name);
  const end = await input.computeDuration(), coming: Promise<boolean>[] = [];
  await animator.take();
  let first: number | undefined;
  for await (const { canvas, timestamp } of (await sinkOf(track)).canvases()) {
    signal.throwIfAborted();
    const read = animator.read(await createImageBitmap(canvas), (timestamp - (first ??= timestamp)) * 1000);
    read.catch(() => {}); // waited for in its turn
    if (coming.push(read) === AHEAD) await coming.shift();
    progress(Math.min(timestamp / end, 1));
  }
  await Promise.all(coming);
  return { motion: await animator.taken(), startMs: (first ?? 0) * 1000, hasSound: (await input.getPrimaryAudioTrack()) !== null };
}

/** The video's pictures at the times of a playback. */
export async function* filmPictures(file: Blob, moments: readonly VideoMoment[]): AsyncGenerator<DriverPicture, undefined> {
  const { track } = await opened(file, "the video"), start = await track.getFirstTimestamp();
  const times = moments.map(({ driverMs }: Moment & { driverMs: number }) => start + driverMs / 1000 + 1e-4);
  let last: WrappedCanvas["canvas"] | undefined;
  for await (const wrapped of (await sinkOf(track)).canvasesAtTimestamps(times)) {
    const image = wrapped?.canvas ?? last;
    if (!image) return undefined;
    last = image;
    yield { image, width: image.width, height: image.height, mirror: false };
  }
  return undefined;
}

async function opened(file: Blob, name: string): Promise<{ input: Input; track: InputVideoTrack }> {
  const input = mediaInput(file);
  const track = await input.getPrimaryVideoTrack().catch(() => null);
  if (!track) throw new InputProblem(`${name} is not a video that this page can read. Use an MP4, MOV or WebM file.`);
  if (typeof VideoDecoder === "undefined" || !(await track.canDecode())) {
    const codec = (await track.getCodec()) ?? "unknown";
    throw new InputProblem(`This browser cannot read the video's pictures (${codec}). Convert it to an MP4 with H.264, or use another browser.`);
  }
  return { input, track };
}

async function sinkOf(track: InputVideoTrack): Promise<CanvasSink> {
  const width = await track.getDisplayWidth(), height = await track.getDisplayHeight();
  const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
  return new CanvasSink(track, { width: Math.round(width * scale), height: Math.round(height * scale), fit: "fill", poolSize: 4 });
}
