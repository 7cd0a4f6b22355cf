/** The sound of a video that is made: taken from the driver's file, as it is where the format allows it, else encoded anew. */

import {
  type AudioCodec, AudioSampleSink, AudioSampleSource, EncodedAudioPacketSource, EncodedPacketSink,
  getFirstEncodableAudioCodec, type InputAudioTrack, type Output, Quality,
} from "mediabunny";
import { mediaInput } from "./media_input.js";

/** A part of a file's sound, heard so many times. */
export interface SoundTrack {
  readonly file: Blob;
  readonly startMs: number;
  readonly lengthMs: number;
  readonly rounds: number;
}

/** The same in seconds of the file. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly rounds: number;
}

/**
 * Adds the sound to an output that is not started yet.
 * @returns what writes it, once the output is started; undefined: the file has none, or none that can be kept.
 */
export async function addSound(output: Output, { file, startMs, lengthMs, rounds }: SoundTrack): Promise<(() => Promise<void>) | undefined> {
  const track = await mediaInput(file).getPrimaryAudioTrack().catch(() => null), codec = await track?.getCodec();
  if (!track || !codec) return undefined;
  const span = { start: startMs / 1000, end: (startMs + lengthMs) / 1000, rounds }, possible = output.format.getSupportedAudioCodecs();
  // Plain samples are allowed in MP4, but few players read them there.
  return possible.includes(codec) && !codec.startsWith("pcm-") ? copied(output, track, codec, span) : encoded(output, track, possible, span);
}

async function copied(output: Output, track: InputAudioTrack, codec: AudioCodec, { start, end, rounds }: Span): Promise<() => Promise<void>> {
  const source = new EncodedAudioPacketSource(codec), sink = new EncodedPacketSink(track);
  const decoderConfig = (await track.getDecoderConfig()) ?? undefined;
  output.addAudioTrack(source);
  return async () => {
    for (let round = 0; round < rounds; round++) {
      const first = (await sink.getPacket(start)) ?? (await sink.getFirstPacket()) ?? undefined;
      for await (const packet of sink.packets(first)) {
        if (packet.timestamp >= end) break;
        const timestamp = packet.timestamp - start + round * (end - start);
        if (packet.timestamp >= start) await source.add(packet.clone({ timestamp }), { decoderConfig });
      }
    }
    source.close();
  };
}

async function encoded(
  output: Output, track: InputAudioTrack, possible: AudioCodec[], { start, end, rounds }: Span,
): Promise<(() => Promise<void>) | undefined> {
  const numberOfChannels = await track.getNumberOfChannels(), sampleRate = await track.getSampleRate(), quality = new Quality("high");
  const codec = (await track.canDecode()) ? await getFirstEncodableAudioCodec(possible, { numberOfChannels, sampleRate, quality }) : null;
  if (!codec) return undefined;
  const source = new AudioSampleSource({ codec, quality });
  output.addAudioTrack(source);
  return async () => {
    for (let round = 0; round < rounds; round++) {
      for await (const sample of new AudioSampleSink(track).samples(start, end)) {
        sample.setTimestamp(Math.max(sample.timestamp - start, 0) + round * (end - start));
        await source.add(sample);
        sample.close();
      }
    }
    source.close();
  };
}
