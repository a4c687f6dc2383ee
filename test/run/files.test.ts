// Files and folders are placed whole or not at all, wherever the file system fails.
import { afterEach, beforeEach, expect, test } from "bun:test";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { textPieces } from "../../lib/run/contents.ts";
import { filing, placeFile, placeFolder, writeFlushed } from "../../lib/run/files.ts";
import { failingFiles } from "../support/failing-files.ts";

let parent: string;
beforeEach(async () => {
  parent = await fs.mkdtemp(join(tmpdir(), "langevin-files-"));
});
afterEach(() => fs.rm(parent, { recursive: true, force: true }));

/** A file or a folder of that name, holding `text`; and what it holds. */
const kinds = {
  file: {
    place: (text: string) => placeFile(join(parent, "x"), textPieces(text)),
    text: () => fs.readFile(join(parent, "x"), "utf8"),
  },
  folder: {
    place: (text: string) =>
      placeFolder(join(parent, "x"), async (folder) => {
        for (const name of ["a", "b"]) await writeFlushed(join(folder, name), textPieces(text));
      }),
    text: async () => {
      expect((await fs.readdir(join(parent, "x"))).sort()).toEqual(["a", "b"]);
      const [a, b] = await Promise.all(
        ["a", "b"].map((name) => fs.readFile(join(parent, "x", name), "utf8")),
      );
      expect(a).toBe(b!);
      return a!;
    },
  },
};
const names = Object.keys(kinds) as (keyof typeof kinds)[];

test.each(names)("a %s is placed, and again over the first", async (kind) => {
  const { place, text } = kinds[kind];
  for (const each of ["first", "second"]) {
    await place(each);
    expect(await text()).toBe(each);
    expect(await fs.readdir(parent)).toEqual(["x"]);
  }
});

/** Lets operation 0, 1, 2… of placing "new" over "old" fail until placing gets through; calls `after` each. */
async function failEverywhere(
  place: (text: string) => Promise<void>,
  mode: "once" | "from then on",
  after: () => Promise<void>,
): Promise<void> {
  for (let operation = 0; ; operation++) {
    await place("old");
    let error: unknown;
    {
      using _ = failingFiles(operation, mode);
      await filing("cannot", () => place("new")).catch((reason: unknown) => {
        error = reason;
      });
    }
    if (error) expect(error).toBeInstanceOf(UserError);
    await after();
    if (!error) return;
  }
}

test.each(names)(
  "a %s: an error until it stands leaves the older one and nothing beside it",
  async (kind) => {
    const { place, text } = kinds[kind];
    const found: string[] = [];
    await failEverywhere(place, "once", async () => {
      found.push(await text());
      if (found.at(-1) === "old") expect(await fs.readdir(parent)).toEqual(["x"]);
    });
    const stands = found.indexOf("new");
    expect(stands).toBeGreaterThan(4);
    // What may fail once it stands: the parent is opened and flushed. The last entry is of the placing that got through.
    expect(found.slice(stands)).toEqual(["new", "new", "new"]);
  },
);

test.each(names)("a %s: what a killed process left is tidied up by the next", async (kind) => {
  const { place, text } = kinds[kind];
  await failEverywhere(place, "from then on", async () => {
    await place("newer");
    expect(await text()).toBe("newer");
    expect(await fs.readdir(parent)).toEqual(["x"]);
  });
});

test("an error that is not of the file system stays what it is", async () => {
  const mistake = new TypeError("ours");
  const work = filing("cannot", () => Promise.reject(mistake));
  await expect(work).rejects.toBe(mistake);
});
