/** The page's elements, and what is said to the user in them. */

import { WorkerCrash } from "../../../bindings/web/src/worker_client.js";
import { InputProblem, isCancelled } from "./problems.js";

export const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** What happens now, below the picture. */
export function say(text: string): void {
  if (element("status").textContent !== text) element("status").textContent = text;
}

/** A problem, in words for the user; the page goes on. */
export function complain(error: unknown): void {
  const problem = element("alert");
  problem.hidden = false;
  problem.textContent = error instanceof WorkerCrash || !(error instanceof Error)
    ? "The animator could not be started. Reload the page; if that does not help, close other tabs to free memory."
    : error instanceof InputProblem ? error.message : sentence(error.message);
  console.info(error);
}

/** Runs what a user asked for; whatever goes wrong is said, and what was under way no more. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  element("alert").hidden = true;
  try {
    await work();
  } catch (error) {
    if (isCancelled(error)) return say("Stopped.");
    say("");
    complain(error);
  }
}

/** Calls `use` with the files that are chosen; the same ones may be chosen again. */
export function onFiles(id: string, use: (files: File[]) => Promise<void>): void {
  const input = element<HTMLInputElement>(id);
  input.addEventListener("change", () => {
    const files = [...input.files ?? []];
    input.value = "";
    if (files.length) void attempt(() => use(files));
  });
}

function sentence(text: string): string {
  const large = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(large) ? large : `${large}.`;
}
