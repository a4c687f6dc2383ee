// What commands print on standard output: aligned lines for people or one line of JSON for machines.

export type Fields = Readonly<Record<string, string | number | readonly number[] | readonly string[] | null>>;

/** Prints the fields of a result. */
export function report(fields: Fields, json: boolean): void {
  console.log(
    json ? JSON.stringify(fields) : table(Object.entries(fields).map(([name, value]) => [name, show(value)])),
  );
}

/** Rows as columns of equal width. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows
    .map((row) =>
      row.map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column]!) : cell)).join("  "),
    )
    .join("\n");
}

function show(value: Fields[string]): string {
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : value.toPrecision(4);
  return Array.isArray(value) ? value.map(show).join(" ") : String(value ?? "none");
}

const units = [
  ["years", 365.25 * 86400],
  ["days", 86400],
  ["hours", 3600],
  ["minutes", 60],
  ["seconds", 1],
] as const;

/** Seconds in the largest unit of which there are two. */
export function duration(seconds: number): string {
  const [unit, length] = units.find(([, each]) => seconds >= 2 * each) ?? units.at(-1)!;
  return `${Number((seconds / length).toPrecision(2))} ${unit}`;
}

/** Bytes as MB. */
export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
