/** Files that were made: signed, and offered to keep or to pass on. */

import { videoName } from "./ai_made.js";
import { element, say } from "./dom.js";
import { type Recorded, signed, type Signed } from "./machine.js";
import { isCancelled } from "./problems.js";

const LINKS = ["download", "credentials"] as const;

/** Takes back what was offered. */
export function offerNothing(): void {
  for (const id of [...LINKS, "share"]) element(id).hidden = true;
}

/** Has a file signed, offers it, and says so; unsigned with the reason, if the machine does not sign it. */
export async function offerSigned(plain: Blob, recorded: Recorded): Promise<void> {
  say("Signing…");
  let made: Signed = { video: plain, credentials: null }, unsigned = "";
  try {
    made = await signed(plain, recorded);
  } catch (error) {
    unsigned = ` It is not signed: ${error instanceof Error ? error.message : error}.`;
  }
  const name = videoName(recorded.motion, made.video.type), files = [new File([made.video], name, { type: made.video.type })];
  if (made.credentials) files.push(new File([made.credentials], name.replace(/\.\w+$/, ".c2pa"), { type: made.credentials.type }));
  LINKS.forEach((id, index) => files[index] && offer(element<HTMLAnchorElement>(id), files[index]));
  offerShare(files);
  element("download").focus();
  const beside = made.credentials ? " WebM cannot hold its signature: download that as well, and share both files." : "";
  say(`Made: ${(made.video.size / 1e6).toFixed(1)} MB${unsigned ? "." : ", signed."}${beside}${unsigned}`);
}

/** Saves a file at once. */
export function save(file: File): void {
  const link = document.createElement("a");
  offer(link, file);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href));
}

function offer(link: HTMLAnchorElement, file: File): void {
  URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.hidden = false;
}

/** The share sheet, where the system has one; of both files, or of the video where it takes no other. */
function offerShare(files: File[]): void {
  const share = element<HTMLButtonElement>("share");
  const taken = [files, files.slice(0, 1)].find((some) => (navigator as Partial<Navigator>).canShare?.({ files: some }));
  share.hidden = !taken;
  share.onclick = () => {
    navigator.share({ files: taken! }).catch((error: unknown) => isCancelled(error) || say("It could not be shared. Download it instead."));
  };
}
