/** The view that checks a file: the verdict in a plain sentence, and what it rests on. */

import { InputProblem } from "./problems.js";
import { checked, type Verdict } from "./machine.js";

const SENTENCES: Record<string, string> = {
  valid: "Made with monalive, and unchanged since it was signed",
  tampered: "Signed, and changed since",
  copied: "It carries a mark of monalive that was made for another picture",
  stripped: "Made with monalive; its credentials are gone",
  edited: "Made with monalive, then changed and signed by another tool",
  "not ours": "Nothing says that monalive made it",
  "cannot tell": "It has credentials that cannot be read or are not in order",
  "not checked": "Its credentials lie on a server, which is not asked",
};

/** Shows the verdict on what was chosen: one file, or a WebM and its .c2pa file. */
export async function checkFiles(files: readonly File[], result: HTMLElement): Promise<void> {
  const beside = files.find(({ name }) => name.toLowerCase().endsWith(".c2pa"));
  const [file, ...more] = files.filter((each) => each !== beside);
  result.replaceChildren();
  if (!file || more.length) {
    say(result, "Choose one picture or video; with a WebM, its .c2pa file too.");
    return;
  }
  say(result, `Checking ${file.name}…`);
  try {
    const verdict = await checked(file, beside);
    result.replaceChildren();
    show(result, file.name, verdict);
  } catch (error) {
    if (!(error instanceof InputProblem)) throw error;
    result.replaceChildren();
    say(result, `${file.name} was not checked: ${error.message}.`);
  }
}

function show(result: HTMLElement, name: string, { state, but, credentials, mark, notes }: Verdict): void {
  const sentence = state === "valid" && but ? `Unchanged since it was signed, but ${but}` : SENTENCES[state] ?? state;
  say(result, `${name}: ${sentence}.`, "strong");
  const list = document.createElement("ul");
  result.append(list);
  say(list, credentials ? `Content Credentials: ${credentials.condition}${credentials.signer && `, signed by ${credentials.signer}`}` : "No Content Credentials", "li");
  say(list, mark ? `Mark in the pixels: id ${mark.id}${mark.release ? `, monalive ${mark.release}` : ""}` : "No mark in the pixels", "li");
  for (const note of notes) say(list, note, "li");
}

function say(parent: HTMLElement, text: string, tag: "p" | "li" | "strong" = "p"): void {
  parent.append(Object.assign(document.createElement(tag), { textContent: text }));
}
