// Files apart from where they are kept: the pieces of their bytes, their SHA-256, and who takes and gives them.
import { UserError } from "../errors.ts";

/** The bytes of a file, in parts that lie where they are, so that large tensors are not copied. */
export type Pieces = readonly Uint8Array[];

/** Keeps one new file under a name with slashes; answers its SHA-256. */
export type Keep = (name: string, pieces: Pieces) => Promise<string>;

/** Fetches a file by such a name, and its SHA-256 with it. Throws UserError where it cannot be read. */
export type Fetch = (name: string) => Promise<{ readonly bytes: Uint8Array; readonly digest: string }>;

/** SHA-256 by file name. */
export type Digests = Readonly<Record<string, string>>;

/** Keeps files one after another; answers the SHA-256 of each. */
export async function keepAll(keep: Keep, files: Readonly<Record<string, Pieces>>): Promise<Digests> {
  const digests: Record<string, string> = {};
  for (const [name, pieces] of Object.entries(files)) digests[name] = await keep(name, pieces);
  return digests;
}

/** A text as the contents of a file. */
export const textPieces = (text: string) => [new TextEncoder().encode(text)];

/** A value as the contents of a JSON file. */
export const jsonPieces = (value: unknown) => textPieces(`${JSON.stringify(value, null, 2)}\n`);

/** The value that a JSON file at `path` holds. Throws UserError where it holds something else. */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserError(`${path}: expected JSON, got ${text.length} characters of something else`);
  }
}

/** The SHA-256 of bytes in memory, in hexadecimal. Throws UserError in pages to which the browser gives no cryptography. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const { subtle } = crypto;
  if (subtle === undefined)
    throw new UserError("checksums need Web Crypto, which browsers have for https and localhost only");
  const digest = new Uint8Array(await subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
