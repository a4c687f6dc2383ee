// Makes the file system fail at a chosen operation, as a full disk or a killed process would.
import { spyOn } from "bun:test";
import fs from "node:fs/promises";
import { join } from "node:path";

type Call = (...args: never[]) => Promise<unknown>;

const originals = { ...fs };
const operations = ["mkdir", "readdir", "open", "rename", "rm"] as const;

/** What a removal that is cut short has done by then. */
async function removeInPart(path: string): Promise<void> {
  const [first] = await originals.readdir(path).catch(() => []);
  if (first) await originals.rm(join(path, first), { recursive: true });
}

/** While held with `using`, file operation `failing` (from 0) fails: only that one, or it and all after it. */
export function failingFiles(failing: number, mode: "once" | "from then on"): Disposable {
  let count = 0;
  const guarded = (syscall: string, call: Call) =>
    (async (...args: never[]) => {
      const at = count++;
      if (mode === "once" ? at !== failing : at < failing) return call(...args);
      if (syscall === "rm" && at === failing) await removeInPart(args[0] as unknown as string);
      throw Object.assign(new Error(`EIO: i/o error, ${syscall}`), { code: "EIO", syscall });
    }) as never;
  const open = guarded("open", originals.open as Call) as typeof fs.open;
  const openGuarded = async (...args: Parameters<typeof fs.open>) => {
    const file = await open(...args);
    file.write = guarded("write", file.write.bind(file) as Call);
    file.sync = guarded("fsync", file.sync.bind(file));
    return file;
  };
  const spies = operations.map((name) =>
    spyOn(fs, name).mockImplementation(
      name === "open" ? (openGuarded as never) : guarded(name, originals[name] as Call),
    ),
  );
  return {
    [Symbol.dispose]() {
      for (const spy of spies) spy.mockRestore();
    },
  };
}
