/** A sound that the photo says: read, listened to, and played. */

import { AudioSampleSink } from "mediabunny";
import type { AnimatorWorker, WorkerSpeech } from "../../../bindings/web/src/worker_client.js";
import { Voice } from "../../../bindings/web/src/voice.js";
import type { Driver } from "./drivers.js";
import { mediaInput } from "./media_input.js";
import { InputProblem } from "./problems.js";
import type { Work } from "./progress.js";
import { SoundPlayer } from "./sound_player.js";

const LONGEST_SECONDS = 600;
/** Of the work, what reading the file takes. */
const READING = 0.2;

interface Sound {
  /** Mono. */
  readonly samples: Float32Array<ArrayBuffer>;
  readonly rate: number;
  /** Where in the file the first of them is. */
  readonly startMs: number;
}

/**
 * The motion of somebody who says what is heard in a file, and its sound.
 * @throws InputProblem it cannot be read, or nobody speaks in it; DOMException the user ended it.
 */
export async function speechDriver(animator: AnimatorWorker, file: Blob, name: string, models: WorkerSpeech, work: Work): Promise<Driver> {
  const { samples, rate, startMs } = await soundOf(file, name, work), voice = Voice.fromSamples(samples, rate);
  if (voice.silent) throw new InputProblem(`Nothing can be heard in ${name}. Record it again, nearer to the microphone.`);
  if (!await animator.listen(voice, models)) throw new InputProblem(`Nobody is heard to speak in ${name}.`);
  for (let share = 0; share < 1;) {
    work.signal.throwIfAborted();
    share = await animator.hear();
    work.progress(READING + (1 - READING) * share);
  }
  const motion = await animator.spoken();
  return { kind: "speech", motion, sound: { file, startMs }, voice: new SoundPlayer(samples, rate, motion.durationMs) };
}

async function soundOf(file: Blob, name: string, { signal, progress }: Work): Promise<Sound> {
  if (!file.size) throw new InputProblem(`${name} is empty. Record the sound again.`);
  const input = mediaInput(file), track = await input.getPrimaryAudioTrack().catch(() => null);
  if (!track) throw new InputProblem(`${name} holds no sound that this page can read. Use a WAV, MP3, M4A, OGG or FLAC file, or a video with sound.`);
  if (!(await track.canDecode())) throw new InputProblem(`This browser cannot read the sound of ${name} (${(await track.getCodec()) ?? "unknown"}). Convert it to WAV.`);
  const seconds = await track.computeDuration(), start = await track.getFirstTimestamp(), rate = await track.getSampleRate();
  if (seconds - start > LONGEST_SECONDS) throw new InputProblem(`${name} is longer than ${LONGEST_SECONDS / 60} minutes. Cut it into pieces.`);
  const samples = new Float32Array(Math.ceil((seconds - start) * rate) + rate);
  let end = 0;
  try {
    for await (const sample of new AudioSampleSink(track).samples()) {
      signal.throwIfAborted();
      const at = Math.max(0, Math.round((sample.timestamp - start) * rate)), { numberOfFrames, numberOfChannels } = sample;
      const plane = new Float32Array(numberOfFrames);
      for (let channel = 0; channel < numberOfChannels; channel++) {
        sample.copyTo(plane, { planeIndex: channel, format: "f32-planar" });
        plane.forEach((value, i) => at + i < samples.length && (samples[at + i]! += value / numberOfChannels));
      }
      end = Math.min(Math.max(end, at + numberOfFrames), samples.length);
      sample.close();
      progress((READING * end) / samples.length);
    }
  } catch (error) {
    if (signal.aborted || !end) throw signal.aborted ? error : new InputProblem(`The sound of ${name} is damaged.`);
  }
  if (!end) throw new InputProblem(`${name} has a sound track without sound. Record it again.`);
  return { samples: samples.slice(0, end), rate, startMs: start * 1000 };
}
