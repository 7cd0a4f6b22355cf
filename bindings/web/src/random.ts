/** Random numbers that a seed repeats; not those of Python for the same seed. */

export class Random {
  #state: number;

  /** @param seed whole numbers; any other of them gives another sequence. */
  constructor(...seed: readonly number[]) {
    this.#state = seed.reduce((state, part) => mixed(state + part + 0x9e3779b9), 0);
  }

  /** From `low` to less than `high`. */
  uniform(low = 0, high = 1): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return low + ((high - low) * mixed(this.#state)) / 2 ** 32;
  }

  /** Of a normal distribution. */
  normal(mean: number, deviation: number): number {
    return mean + deviation * Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }
}

function mixed(value: number): number {
  let bits = value >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return (bits ^ (bits >>> 15)) >>> 0;
}
