/** Fourier transforms of the sizes 2^a 3^b 5^c. */

/** Complex values. */
export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** The smallest size from `least` on that has no other factors than 2, 3 and 5: OpenCV's getOptimalDFTSize. */
export function goodSize(least: number): number {
  for (let size = Math.max(1, least); ; size++) {
    let rest = size;
    for (const factor of [2, 3, 5]) while (rest % factor === 0) rest /= factor;
    if (rest === 1) return size;
  }
}

/**
 * Transforms the columns of `rows` rows of `columns` values each, by Stockham's method.
 * @returns the result; it may lie in the memory of `values`, which is lost.
 */
export function transformColumns(values: Complex, rows: number, columns: number): Complex {
  const cosines = Float64Array.from({ length: rows }, (_, i) => Math.cos((2 * Math.PI * i) / rows));
  const sines = Float64Array.from({ length: rows }, (_, i) => -Math.sin((2 * Math.PI * i) / rows));
  let from = values, to: Complex = { re: new Float64Array(values.re.length), im: new Float64Array(values.re.length) };
  for (let left = rows, stride = columns; left > 1;) {
    const factor = [4, 2, 3, 5].find((one) => left % one === 0)!;
    const part = left / factor, turn = rows / left;
    for (let q = 0; q < part; q++) {
      for (let r = 0; r < factor; r++) {
        const target = stride * (factor * q + r);
        for (let t = 0; t < factor; t++) {
          // exp(-2 pi i r (t / factor + q / left)), both turns at once.
          const angle = (r * (t * part + q) * turn) % rows;
          const c = cosines[angle]!, s = sines[angle]!, source = stride * (q + part * t);
          for (let k = 0; k < stride; k++) {
            const re = from.re[source + k]!, im = from.im[source + k]!;
            to.re[target + k] = (t ? to.re[target + k]! : 0) + re * c - im * s;
            to.im[target + k] = (t ? to.im[target + k]! : 0) + re * s + im * c;
          }
        }
      }
    }
    [from, to] = [to, from];
    left = part;
    stride *= factor;
  }
  return from;
}

/** Rows become columns. */
export function transposed({ re, im }: Complex, rows: number, columns: number): Complex {
  const result = { re: new Float64Array(re.length), im: new Float64Array(re.length) };
  for (let y = 0, from = 0; y < rows; y++) {
    for (let x = 0, to = y; x < columns; x++, from++, to += rows) {
      result.re[to] = re[from]!;
      result.im[to] = im[from]!;
    }
  }
  return result;
}
