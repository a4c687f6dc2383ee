// Tables of which pixel each tap of a window meets, for gathering rows of pixels.

/** Along both spatial axes a tap k meets pixel p·stride + k·step - begin of `size`, for every position p of `extents`. */
export interface Meeting {
  readonly images: number;
  readonly kernel: readonly number[];
  readonly size: readonly number[];
  readonly extents: readonly number[];
  readonly strides: readonly number[];
  readonly steps: readonly number[];
  readonly begins: readonly number[];
}

/** Whether there is one tap and it meets every pixel in order. */
export const meetsInOrder = ({ kernel, size, extents, strides, begins }: Meeting): boolean =>
  [kernel, strides].flat().every((n) => n === 1) &&
  begins.every((n) => n === 0) &&
  size.join() === extents.join();

/** [taps, images·positions]: numbers of pixels, counted through all images; what lies outside meets the number after the last. */
export function pixelTable(meeting: Meeting): Int32Array {
  const { images, kernel, size, extents } = meeting;
  const pixels = size[0]! * size[1]!;
  const table = new Int32Array(kernel[0]! * kernel[1]! * images * extents[0]! * extents[1]!);
  const [rows, columns] = [0, 1].map((axis) => met(meeting, axis));
  let at = 0;
  for (const tapRows of rows!)
    for (const tapColumns of columns!)
      for (let image = 0; image < images; image++)
        for (const row of tapRows)
          for (const column of tapColumns)
            table[at++] = row < 0 || column < 0 ? images * pixels : image * pixels + row * size[1]! + column;
  return table;
}

/** For each tap along an axis, the coordinate that it meets at each position, or -1 outside. */
function met({ kernel, size, extents, strides, steps, begins }: Meeting, axis: number): Int32Array[] {
  return Array.from({ length: kernel[axis]! }, (_, tap) =>
    Int32Array.from({ length: extents[axis]! }, (_, position) => {
      const at = position * strides[axis]! + tap * steps[axis]! - begins[axis]!;
      return at < size[axis]! ? Math.max(at, -1) : -1;
    }),
  );
}
