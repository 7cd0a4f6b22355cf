/** A labelled slider. */

export interface SliderRange {
  readonly least: number;
  readonly most: number;
  readonly step: number;
  readonly value: number;
}

/** Appends a slider to a list; `change` gets its value whenever it moves. */
export function addSlider(list: HTMLElement, name: string, label: string, range: SliderRange, change: (value: number) => void): void {
  const { least, most, step, value } = range;
  const input = Object.assign(document.createElement("input"), {
    type: "range", id: `${list.id}-${name}`, min: `${least}`, max: `${most}`, step: `${step}`, value: `${value}`,
  });
  const text = Object.assign(document.createElement("label"), { htmlFor: input.id, textContent: label });
  const output = Object.assign(document.createElement("output"), { textContent: `${value}` });
  input.addEventListener("input", () => {
    output.textContent = input.value;
    change(input.valueAsNumber);
  });
  list.append(text, input, output);
}
