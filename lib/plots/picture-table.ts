// A table of pictures: a row and a column for each name.

import type { Panel } from "./figure.ts";

export interface PictureCell {
  readonly row: string;
  readonly column: string;
  /** The bytes of a PNG. */
  readonly png: Uint8Array;
}

export interface PictureTableOptions {
  readonly title?: string;
  /** Pixels of each picture. */
  readonly width: number;
  readonly height: number;
}

/** Rows and columns in the order of their first cells. Throws when there is no cell. */
export function pictureTable(
  cells: readonly PictureCell[],
  { title, width, height }: PictureTableOptions,
): Panel {
  if (cells.length === 0) throw new Error("pictureTable: expected at least one picture, got none");
  const axis = { ticks: false, domain: false, grid: false, labelAngle: 0 } as const;
  const place = (field: "row" | "column") => ({ field, type: "nominal", sort: null, title: null }) as const;
  const values = cells.map(({ row, column, png }) => ({
    row,
    column,
    url: `data:image/png;base64,${Buffer.from(png).toString("base64")}`,
  }));
  return {
    width: { step: width + 8 },
    height: { step: height + 8 },
    ...(title === undefined ? {} : { title }),
    view: { stroke: null },
    data: { values },
    mark: { type: "image", width, height },
    encoding: {
      x: { ...place("column"), axis: { ...axis, orient: "top" } },
      y: { ...place("row"), axis },
      url: { field: "url" },
    },
  };
}
