// Folders of models as the page gets them: by address, dropped, or zipped.
import { unzipSync } from "fflate";
import { UserError } from "../../../lib/errors.ts";
import type { ModelSource, NamedFile } from "./protocol.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Files by their paths below the folder. */
export interface Folder {
  /** What it is called in messages. */
  readonly where: string;
  /** Its files; undefined where they cannot be listed. */
  readonly paths: readonly string[] | undefined;
  /** The bytes of a file; undefined where there is none. Throws UserError where it cannot be read. */
  read(path: string): Promise<Bytes | undefined>;
}

/** Opens what the page was given. Throws UserError for files without a manifest and for zips that are broken or too large. */
export async function openFolder(source: ModelSource): Promise<Folder> {
  if ("url" in source) return folderAt(source.url);
  const [first] = source.files;
  const zipped = source.files.length === 1 && first?.path.endsWith(".zip");
  return zipped ? unzipped(first!) : dropped(source.files);
}

function folderAt(address: string): Folder {
  const base = parsed(address.endsWith("/") ? address : `${address}/`);
  return {
    where: base.href.replace(/\/$/, ""),
    paths: undefined,
    read: (path) => fetched(new URL(path, base)),
  };
}

function parsed(address: string): URL {
  const url = URL.parse(address);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new UserError(`"${address}": expected the address of a model folder, such as https://…/model/`);
  return url;
}

async function fetched(url: URL): Promise<Bytes | undefined> {
  const answer = await fetch(url).catch(() => {
    throw new UserError(`${url}: cannot be reached, or its server does not let other pages read it`);
  });
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw new UserError(`${url}: the server answers ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function dropped(files: readonly NamedFile[]): Folder {
  return rooted(
    "the files",
    new Map(files.map(({ path, file }) => [path, async () => new Uint8Array(await file.arrayBuffer())])),
  );
}

/** More is no model for a page. */
const mostUnzipped = 2 ** 30;

async function unzipped({ path, file }: NamedFile): Promise<Folder> {
  const files = unzip(new Uint8Array(await file.arrayBuffer()), path);
  return rooted(
    path,
    new Map(Object.entries(files).map(([name, bytes]) => [name, async () => new Uint8Array(bytes)])),
  );
}

function unzip(bytes: Bytes, path: string): Record<string, Uint8Array> {
  let size = 0;
  try {
    return unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        size += originalSize;
        if (size > mostUnzipped) throw new RangeError("it unpacks to more than 1 GiB");
        return !name.endsWith("/");
      },
    });
  } catch (error) {
    throw new UserError(`${path}: cannot be unzipped (${error instanceof Error ? error.message : error})`);
  }
}

const manifest = /(^|\/)manifest\.json$/;

/** The folder of the manifest that lies highest; what is beside it is left out. */
function rooted(where: string, files: ReadonlyMap<string, () => Promise<Bytes>>): Folder {
  const depth = (path: string) => path.split("/").length;
  const [highest] = [...files.keys()]
    .filter((path) => manifest.test(path))
    .sort((a, b) => depth(a) - depth(b));
  if (highest === undefined)
    throw new UserError(`${where}: expected a run or model folder with a manifest.json, there is none`);
  const root = highest.replace(manifest, "$1");
  const paths = [...files.keys()]
    .filter((path) => path.startsWith(root))
    .map((path) => path.slice(root.length));
  return {
    where: root.replace(/\/$/, "") || where,
    paths,
    read: async (path) => files.get(root + path)?.(),
  };
}
