// The order in which strips of columns follow each other.

/** Pixels of images, image after image, each row after row. */
export interface Pixels {
  readonly images: number;
  readonly rows: number;
  readonly columns: number;
}

/**
 * [taps, images, rows, columns] -> [taps, strips, rows, width]: with the images beside each other, strips of so many columns from top to bottom,
 * or from bottom to top.
 */
export function inStrips(table: Int32Array, pixels: Pixels, width: number, upwards: boolean): Int32Array {
  const { images, rows, columns } = pixels;
  const across = images * columns;
  return table.map((_, i) => {
    const [tap, strip] = [Math.floor(i / (rows * across)), Math.floor(i / (rows * width)) % (across / width)];
    const down = Math.floor(i / width) % rows;
    const row = upwards ? rows - 1 - down : down;
    const column = strip * width + (i % width);
    const image = Math.floor(column / columns);
    return table[((tap * images + image) * rows + row) * columns + (column % columns)]!;
  });
}
