// Points from a CSV or TSV file: one point per line, one number per column.

import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { CsvError, parse } from "csv-parse/sync";
import { UserError } from "../errors.ts";
import type { Dataset } from "./dataset.ts";
import { standardisedPoints } from "./points.ts";

const MAX_BYTES = 2 ** 28;
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
/** What other programs write for a number that is missing; a row of these is no header. */
const MISSING = /^([+-]?(nan|inf(inity)?)|n\/?a|null|none)?$/i;

/**
 * The file's points, standardised per column. Values are divided by the first of semicolon, tab and comma that the first line
 * has; a first row of names, blank lines and lines that begin with # are skipped. Throws UserError with the line and the
 * column of a cell that is no finite number.
 */
export async function csvPoints(path: string): Promise<Dataset> {
  const { size } = await stat(path);
  if (size > MAX_BYTES)
    throw new UserError(
      `${path}: expected at most ${MAX_BYTES / 2 ** 20} MiB of text, got ${Math.ceil(size / 2 ** 20)}; save the numbers as .npy`,
    );
  const table = new Table(path);
  parseRows(path, await readFile(path, "utf8"), (cells, line) => table.add(cells, line));
  return standardisedPoints(path, basename(path), Float64Array.from(table.values), table.columns);
}

function parseRows(path: string, text: string, add: (cells: string[], line: number) => void): void {
  try {
    parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      trim: true,
      comment: "#",
      comment_no_infix: true,
      skip_empty_lines: true,
      relax_column_count: true,
      on_record: (cells: string[], { lines }) => {
        add(cells, lines);
        return undefined;
      },
    });
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new UserError(`${path}: expected lines of numbers, got damaged CSV: ${oneLine(cause.message)}`);
  }
}

function delimiterOf(text: string): string {
  const first = /^(?!#).*\S.*$/m.exec(text)?.[0].trim() ?? "";
  return [";", "\t", ","].find((delimiter) => first.includes(delimiter)) ?? ",";
}

const isNumber = (cell: string): boolean => NUMBER.test(cell) && Number.isFinite(Number(cell));
const isHeader = (cells: readonly string[]): boolean =>
  !cells.some(isNumber) && !cells.every((cell) => MISSING.test(cell));

/** The numbers of a file's rows, checked one row after another. */
class Table {
  readonly values: number[] = [];
  columns = 0;
  private names: readonly string[] = [];
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  add(cells: readonly string[], line: number): void {
    const first = this.columns === 0;
    if (first) this.columns = cells.length;
    if (cells.length !== this.columns)
      throw new UserError(
        `${this.path} line ${line}: expected ${this.columns} columns like the lines before, got ${cells.length}`,
      );
    if (first && isHeader(cells)) this.names = cells;
    else this.values.push(...cells.map((cell, column) => this.parse(cell, line, column)));
  }

  private parse(cell: string, line: number, column: number): number {
    if (isNumber(cell)) return Number(cell);
    const name = this.names[column] ? ` (${oneLine(this.names[column])})` : "";
    throw new UserError(
      `${this.path} line ${line}, column ${column + 1}${name}: expected a finite number, got "${oneLine(cell)}"; fill or remove it`,
    );
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").slice(0, 80);
