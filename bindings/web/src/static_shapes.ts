/**
 * LiteRT.js runs no network whose tensors leave a size open. MediaPipe's landmark network leaves its batch open, though
 * it was made for one picture: here such sizes become 1, in place. The file is a FlatBuffer (TFLite's schema).
 */

const MODEL_SUBGRAPHS = 2;
const SUBGRAPH_TENSORS = 0;
const TENSOR_SHAPE_SIGNATURE = 7;

/** A copy of a .tflite file in which every size is known. */
export function withStaticShapes(content: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(content), view = new DataView(copy.buffer);
  const indirect = (at: number): number => at + view.getUint32(at, true);
  /** Where a table's field is; 0 where it has none. */
  const field = (table: number, index: number): number => {
    const layout = table - view.getInt32(table, true), entry = 4 + index * 2;
    const offset = entry < view.getUint16(layout, true) ? view.getUint16(layout + entry, true) : 0;
    return offset && table + offset;
  };
  /** Where the entries of a vector of 4 bytes each are. */
  const entries = (table: number, index: number): number[] => {
    const at = field(table, index);
    if (!at) return [];
    const vector = indirect(at);
    return Array.from({ length: view.getUint32(vector, true) }, (_, i) => vector + 4 + i * 4);
  };
  for (const subgraph of entries(indirect(0), MODEL_SUBGRAPHS).map(indirect)) {
    for (const tensor of entries(subgraph, SUBGRAPH_TENSORS).map(indirect)) {
      for (const size of entries(tensor, TENSOR_SHAPE_SIGNATURE)) if (view.getInt32(size, true) < 0) view.setInt32(size, 1, true);
    }
  }
  return copy;
}
