/** Long work: how far it is, and a button that ends it. */

import { element } from "./dom.js";

/** Work that the user may end. */
export interface Work {
  readonly signal: AbortSignal;
  /** @param done the share of it that is done, from 0 to 1. */
  progress(done: number): void;
}

/** Whether long work is under way. */
export function isBusy(): boolean {
  return !element("work").hidden;
}

/**
 * Shows a bar while `work` is done; the controls wait until then.
 * @throws what it throws; where the user ends it, what `isCancelled` knows.
 */
export async function withProgress<T>(what: string, work: (work: Work) => Promise<T>): Promise<T> {
  const box = element("work"), bar = element<HTMLProgressElement>("progress"), cancel = element<HTMLButtonElement>("cancel");
  const ending = new AbortController(), end = (): void => ending.abort(), began = performance.now();
  element("work-name").textContent = what;
  element("time-left").textContent = "";
  const focused = document.activeElement;
  bar.value = 0;
  box.hidden = false;
  element("controls").inert = true;
  cancel.addEventListener("click", end);
  cancel.focus({ preventScroll: true });
  try {
    return await work({
      signal: ending.signal,
      progress(done) {
        bar.value = done;
        const left = done > 0.05 ? ((performance.now() - began) * (1 - done)) / done / 1000 : 0;
        element("time-left").textContent = left >= 2 ? `about ${Math.round(left)} s left` : "";
      },
    });
  } finally {
    cancel.removeEventListener("click", end);
    box.hidden = true;
    element("controls").inert = false;
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }
}
