// What was dropped on the page or chosen from the disk, as files with their paths.
import type { NamedFile } from "../engine/protocol.ts";

/** No model folder has as many; a whole disk has more. */
const MOST = 20_000;

/** The files of a drop, folders and all. */
export async function droppedFilesOf({ items }: DataTransfer): Promise<NamedFile[]> {
  // The list is empty after the event, so everything is taken out of it at once.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const files: NamedFile[] = [];
  for (const entry of entries) await collect(entry, files);
  return files;
}

async function collect(entry: FileSystemEntry, files: NamedFile[]): Promise<void> {
  if (files.length >= MOST) return;
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, reject) => entry.file(resolve, reject));
    files.push({ path: entry.fullPath.replace(/^\//, ""), file });
  } else if (isFolder(entry)) for (const each of await entriesOf(entry)) await collect(each, files);
}

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;
const isFolder = (entry: FileSystemEntry): entry is FileSystemDirectoryEntry => entry.isDirectory;

/** Browsers give a folder's entries a hundred at a time, until none is left. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/** The files that were chosen with an input. */
export const chosenFiles = ({ files }: HTMLInputElement): NamedFile[] =>
  [...(files ?? [])].map((file) => ({ path: file.webkitRelativePath || file.name, file }));

/** Whether all of them are images to learn from, and not a model. */
export const areImages = (files: readonly NamedFile[]): boolean =>
  files.length > 0 && files.every(({ file }) => file.type.startsWith("image/"));
