/** Video files, encoded by the browser. */

import {
  BufferTarget, CanvasSource, getFirstEncodableVideoCodec, Mp4OutputFormat, Output, Quality, type VideoCodec, WebMOutputFormat,
} from "mediabunny";
import { DESCRIPTION, SENTENCE } from "./ai_made.js";
import { InputProblem } from "./problems.js";
import { addSound, type SoundTrack } from "./sound.js";

export type VideoFormat = "mp4" | "webm";

/** A file that is made frame by frame. */
export interface MovingFile {
  /** Takes over what the canvas shows. */
  add(atMs: number, durationMs: number): Promise<void>;
  /** The whole file. */
  finish(): Promise<Blob>;
  /** Gives it up. */
  cancel(): Promise<void>;
}

/** What players know best comes first. */
const CODECS: Record<VideoFormat, VideoCodec[]> = { mp4: ["avc", "hevc", "av1", "vp9"], webm: ["vp9", "vp8", "av1"] };
const KEY_FRAME_SECONDS = 2;

/**
 * A video of what the canvas shows, of its size, which must be even.
 * @throws InputProblem this browser encodes no such video.
 */
export async function videoFile(
  canvas: OffscreenCanvas, format: VideoFormat, consent: string, sound: SoundTrack | undefined,
): Promise<MovingFile> {
  const { width, height } = canvas, quality = new Quality("very-high");
  const codec = typeof VideoEncoder === "undefined" ? null : await getFirstEncodableVideoCodec(CODECS[format], { width, height, quality });
  if (!codec) throw new InputProblem(`This browser cannot make ${format.toUpperCase()} videos. Choose another format, or record live.`);
  const target = new BufferTarget();
  const output = new Output({ format: format === "mp4" ? new Mp4OutputFormat({ fastStart: "in-memory" }) : new WebMOutputFormat(), target });
  const pictures = new CanvasSource(canvas, { codec, quality, keyFrameInterval: KEY_FRAME_SECONDS });
  output.addVideoTrack(pictures);
  const writeSound = sound && await addSound(output, sound);
  output.setMetadataTags({ comment: `${DESCRIPTION}; consent: ${consent}`, description: SENTENCE });
  await output.start();
  return {
    add: (atMs, durationMs) => pictures.add(atMs / 1000, durationMs / 1000),
    async finish() {
      pictures.close();
      await writeSound?.();
      await output.finalize();
      return new Blob([target.buffer!], { type: `video/${format}` });
    },
    cancel: () => output.cancel(),
  };
}
