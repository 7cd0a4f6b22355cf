/** Makes a video or a GIF of a driver's motion, frame by frame, no faster and no slower than the machine can. */

import type { Picture } from "../../../bindings/web/src/picture.js";
import type { AnimatorWorker, WorkerFrame } from "../../../bindings/web/src/worker_client.js";
import { drawBadge } from "./ai_made.js";
import { type Driver, faceOf } from "./drivers.js";
import { filmPictures } from "./film_reader.js";
import { gifFile } from "./gif_file.js";
import { begin, type VideoMoment, videoMoments, type Way } from "./playback.js";
import type { Work } from "./progress.js";
import { type MovingFile, videoFile, type VideoFormat } from "./video_file.js";
import { Composition, type DriverPicture, type View } from "./views.js";

export type Format = VideoFormat | "gif";

export interface VideoRequest {
  readonly driver: Driver;
  readonly photo: Picture;
  readonly way: Way;
  /** How often the motion is played. */
  readonly rounds: number;
  readonly format: Format;
  readonly view: View;
  readonly badge: boolean;
  /** As stated; it is written into the file's data. */
  readonly consent: string;
}

/** Frames asked for and not yet there. */
const AHEAD = 4;

/**
 * The whole file. The driver's sound is kept where it is played forward.
 * @throws InputProblem this browser cannot make it; DOMException the user ended it.
 */
export async function madeVideo(animator: AnimatorWorker, request: VideoRequest, { signal, progress }: Work): Promise<Blob> {
  const { driver, photo, way, rounds, view, badge } = request, { film, motion } = driver;
  const moments = videoMoments(motion, way, rounds), composition = new Composition();
  const context = new OffscreenCanvas(1, 1).getContext("2d")!, even = new OffscreenCanvas(1, 1).getContext("2d", { alpha: false })!;
  const filmed = view === "driver" && film && way === "loop" ? filmPictures(film.file, moments) : undefined;
  let file: MovingFile | undefined;
  try {
    for await (const { frame, moment, index } of frames(animator, driver, moments, signal)) {
      const beside: DriverPicture | undefined = view !== "driver" ? undefined : (await filmed?.next())?.value ?? faceOf(motion, moment.driverMs);
      composition.draw(context, view, frame.image, photo, beside);
      if (badge) drawBadge(context);
      file ??= await begun(even.canvas, context.canvas, request);
      even.drawImage(context.canvas, 0, 0);
      await file.add(moment.timeMs, moment.durationMs);
      progress((index + 1) / moments.length);
    }
    return await file!.finish();
  } catch (error) {
    await file?.cancel();
    throw error;
  } finally {
    await filmed?.return(undefined);
  }
}

/** Video codecs want even sides: a last odd row or column is left out. */
function begun(canvas: OffscreenCanvas, { width, height }: OffscreenCanvas, request: VideoRequest): MovingFile | Promise<MovingFile> {
  const { driver, way, rounds, format, consent } = request;
  canvas.width = width - (width % 2);
  canvas.height = height - (height % 2);
  if (format === "gif") return gifFile(canvas, consent);
  const kept = driver.sound && way === "loop" ? { ...driver.sound, lengthMs: driver.motion.durationMs, rounds } : undefined;
  return videoFile(canvas, format, consent, kept);
}

async function* frames(
  animator: AnimatorWorker, { motion }: Driver, moments: readonly VideoMoment[], signal: AbortSignal,
): AsyncGenerator<{ frame: WorkerFrame; moment: VideoMoment; index: number }> {
  const coming: Promise<WorkerFrame>[] = [];
  let asked = 0, take = 0, round = 0;
  const ask = (moment: VideoMoment): void => {
    if (moment.round !== round && !motion.loop && moment.take === 0 && moment.driverMs === 0) void begin(animator, motion).catch(() => {}); // told by the steps
    const anew = moment.take !== take ? { landmarks: motion.takes[moment.take]!.reference, size: motion.imageSize } : undefined;
    ({ take, round } = moment);
    const frame = animator.step(moment.landmarks, moment.timeMs, anew);
    frame.catch(() => {}); // waited for below, in its turn, unless the work is ended before
    coming.push(frame);
  };
  await begin(animator, motion);
  for (const [index, moment] of moments.entries()) {
    while (asked < moments.length && coming.length < AHEAD) ask(moments[asked++]!);
    signal.throwIfAborted();
    yield { frame: await coming.shift()!, moment, index };
  }
}
