/** What a recorded video says of itself: a badge in the picture, a tag in its data, its name; the worker marks its pixels. */

export const SENTENCE = "AI-made: a still picture animated with monalive";
const SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia";
/** What every file says in its data. */
export const DESCRIPTION = `${SENTENCE} (${SOURCE_TYPE})`;
/** Share of the picture's shorter side, and least height in pixels, of the badge. */
const BADGE_SHARE = 0.07, BADGE_LEAST = 14;

/** Draws a small "AI" into the lower right corner. */
export function drawBadge(context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D): void {
  const { width, height } = context.canvas;
  const tall = Math.max(BADGE_LEAST, Math.round(Math.min(width, height) * BADGE_SHARE));
  const wide = Math.round(tall * 1.5), gap = Math.round(tall * 0.4), left = width - gap - wide, top = height - gap - tall;
  context.save();
  context.globalAlpha = 0.75;
  context.fillStyle = "#141414";
  context.beginPath();
  context.roundRect(left, top, wide, tall, tall / 4);
  context.fill();
  context.fillStyle = "#fff";
  context.font = `600 ${Math.round(tall * 0.72)}px sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText("AI", left + wide / 2, top + tall * 0.54);
  context.restore();
}

/** A file name that says it, too. */
export function videoName(motion: string, type: string): string {
  const plain = motion.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "motion";
  return `ai-made-monalive-${plain}.${/mp4|webm|gif/.exec(type)?.[0] ?? "webm"}`;
}

/**
 * The video with the statement in its data: in WebM a Tags element before the first cluster (players and ffprobe show
 * it; behind the clusters they would not look for it), in MP4 a `uuid` box at the end. What was recorded stays as it is.
 */
export async function markedVideo(video: Blob, consent: string): Promise<Blob> {
  const comment = `${DESCRIPTION}; consent: ${consent}`;
  if (!video.type.includes("webm")) return new Blob([video, mp4Note(comment)], { type: video.type });
  const head = new Uint8Array(await video.slice(0, HEAD_BYTES).arrayBuffer());
  const found = head.findIndex((_, at) => CLUSTER.every((byte, i) => head[at + i] === byte));
  const cluster = found < 0 ? video.size : found;
  const tags = webmTags({ COMMENT: comment, DESCRIPTION: SENTENCE });
  return new Blob([video.slice(0, cluster), tags, video.slice(cluster)], { type: video.type });
}

const CLUSTER = [0x1f, 0x43, 0xb6, 0x75], HEAD_BYTES = 1 << 16;

const EBML = { tags: [0x12, 0x54, 0xc3, 0x67], tag: [0x73, 0x73], targets: [0x63, 0xc0], simple: [0x67, 0xc8], name: [0x45, 0xa3], text: [0x44, 0x87] };

function webmTags(values: Record<string, string>): Uint8Array<ArrayBuffer> {
  const text = (value: string): number[] => [...new TextEncoder().encode(value)];
  const simple = Object.entries(values).flatMap(([name, value]) =>
    element(EBML.simple, [...element(EBML.name, text(name)), ...element(EBML.text, text(value))]));
  return Uint8Array.from(element(EBML.tags, element(EBML.tag, [...element(EBML.targets, []), ...simple])));
}

/** An EBML element: id, length in four bytes, content. */
function element(id: readonly number[], content: readonly number[]): number[] {
  const length = content.length;
  return [...id, 0x10 | (length >> 24), (length >> 16) & 255, (length >> 8) & 255, length & 255, ...content];
}

/** A `uuid` box of ours with the sentence: players pass over it. */
function mp4Note(comment: string): Uint8Array<ArrayBuffer> {
  const text = new TextEncoder().encode(comment), uuid = new TextEncoder().encode("monalive-ai-made");
  const box = new Uint8Array(8 + uuid.length + text.length);
  new DataView(box.buffer).setUint32(0, box.length);
  box.set(new TextEncoder().encode("uuid"), 4);
  box.set(uuid, 8);
  box.set(text, 8 + uuid.length);
  return box;
}
