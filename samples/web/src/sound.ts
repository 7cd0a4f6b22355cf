/** The sound of a video that is made: taken from the driver's file, as it is where the format allows it, else encoded anew. */

import {
  type AudioCodec, type AudioSample, AudioSampleSink, AudioSampleSource, EncodedAudioPacketSource, EncodedPacketSink,
  getFirstEncodableAudioCodec, type InputAudioTrack, type Output, Quality,
} from "mediabunny";
import { mediaInput } from "./media_input.js";

/** A file's sound from its start to the end of the video. */
export interface SoundTrack {
  readonly file: Blob;
  readonly startMs: number;
  readonly lengthMs: number;
}

/**
 * Adds the sound to an output that is not started yet.
 * @returns what writes it, once the output is started; undefined: the file has none, or none that can be kept.
 */
export async function addSound(output: Output, { file, startMs, lengthMs }: SoundTrack): Promise<(() => Promise<void>) | undefined> {
  const track = await mediaInput(file).getPrimaryAudioTrack().catch(() => null), codec = await track?.getCodec();
  if (!track || !codec) return undefined;
  const start = startMs / 1000, end = start + lengthMs / 1000, possible = output.format.getSupportedAudioCodecs();
  return possible.includes(codec) ? copied(output, track, codec, start, end) : encoded(output, track, possible, start, end);
}

async function copied(output: Output, track: InputAudioTrack, codec: AudioCodec, start: number, end: number): Promise<() => Promise<void>> {
  const source = new EncodedAudioPacketSource(codec), sink = new EncodedPacketSink(track);
  const decoderConfig = (await track.getDecoderConfig()) ?? undefined;
  output.addAudioTrack(source);
  return async () => {
    const first = (await sink.getPacket(start)) ?? (await sink.getFirstPacket());
    for await (const packet of sink.packets(first ?? undefined)) {
      if (packet.timestamp >= end) break;
      const timestamp = packet.timestamp - start;
      if (timestamp >= 0) await source.add(packet.clone({ timestamp }), { decoderConfig });
    }
    source.close();
  };
}

async function encoded(
  output: Output, track: InputAudioTrack, possible: AudioCodec[], start: number, end: number,
): Promise<(() => Promise<void>) | undefined> {
  const numberOfChannels = await track.getNumberOfChannels(), sampleRate = await track.getSampleRate(), quality = new Quality("high");
  const codec = (await track.canDecode()) ? await getFirstEncodableAudioCodec(possible, { numberOfChannels, sampleRate, quality }) : null;
  if (!codec) return undefined;
  const source = new AudioSampleSource({ codec, quality });
  output.addAudioTrack(source);
  return async () => {
    for await (const sample of new AudioSampleSink(track).samples(start, end)) await added(source, sample, start);
    source.close();
  };
}

async function added(source: AudioSampleSource, sample: AudioSample, start: number): Promise<void> {
  sample.setTimestamp(Math.max(sample.timestamp - start, 0));
  await source.add(sample);
  sample.close();
}
