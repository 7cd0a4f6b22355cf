/** What the page asks the `monalive ui` that serves it: to sign a recording, and to check a file. Nothing goes further. */

import { InputProblem } from "./problems.js";

const CREDENTIALS_TYPE = "application/c2pa";

export interface Recorded {
  readonly consent: string;
  readonly motion: string;
  /** sha256 of the photo's file, hexadecimal. */
  readonly photo: string;
  readonly badge: boolean;
  /** The lips were driven by a sound recording. */
  readonly speech: boolean;
}

export interface Signed {
  readonly video: Blob;
  /** What lies beside a video that cannot hold its Content Credentials. */
  readonly credentials: Blob | null;
}

/** The parts of `monalive verify --json` that are shown. */
export interface Verdict {
  readonly state: string;
  readonly but: string;
  readonly origin: string;
  readonly credentials: { readonly condition: string; readonly signer: string; readonly monalive: Record<string, unknown> | null } | null;
  readonly mark: { readonly id: string; readonly release: string | null } | null;
  readonly notes: readonly string[];
}

/** @throws InputProblem it was not signed, with the reason. */
export async function signed(video: Blob, { consent, motion, photo, badge, speech }: Recorded): Promise<Signed> {
  const answer = await ask("sign", { consent, motion, photo, badge: badge ? "1" : "", speech: speech ? "1" : "" }, video);
  const content = await answer.blob();
  return content.type === CREDENTIALS_TYPE ? { video, credentials: content } : { video: content, credentials: null };
}

/**
 * @param beside the .c2pa file that belongs to a WebM.
 * @throws InputProblem it cannot be read, or this page is not served by `monalive ui`.
 */
export async function checked(file: Blob, beside: Blob | undefined): Promise<Verdict> {
  const content = new Blob(beside ? [file, beside] : [file]);
  return await (await ask("check", { beside: `${beside?.size ?? 0}` }, content)).json() as Verdict;
}

export async function sha256(file: Blob): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function ask(service: string, query: Record<string, string>, body: Blob): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(`${service}?${new URLSearchParams(query)}`, { method: "POST", body });
  } catch {
    throw new InputProblem("monalive ui does not answer. Is it still running?");
  }
  if (answer.ok) return answer;
  const told = answer.headers.get("Content-Type")?.startsWith("text/plain") && answer.status !== 404;
  throw new InputProblem(told ? await answer.text() : "This page is not served by monalive ui, which would do that");
}
