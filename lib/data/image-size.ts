// Reads an image size as it is typed on a command line.

import { UsageError } from "../errors.ts";

const LARGEST = 4096;

/** "32" is 32x32 and "28x20" is 28 high and 20 wide. Throws UsageError otherwise. */
export function parseImageSize(text: string): [height: number, width: number] {
  const match = /^(\d+)(?:x(\d+))?$/.exec(text);
  const height = Number(match?.[1]);
  const width = Number(match?.[2] ?? height);
  if (!(height >= 1 && height <= LARGEST && width >= 1 && width <= LARGEST))
    throw new UsageError(
      `image size: expected SIZE or HEIGHTxWIDTH in pixels (32, 28x20), each 1..${LARGEST}, got "${text}"`,
    );
  return [height, width];
}
