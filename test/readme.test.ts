// The README's example prints what the README says.
import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");

test("the example of a gradient prints its listing", async () => {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const [, code, listing] = /```ts\n(.*?)```\n\n```text\n(.*?)```/s.exec(readme) ?? [];
  const child = Bun.spawn([process.execPath, "run", "-"], {
    cwd: root,
    stdin: new Blob([code!]),
    stdout: "pipe",
  });
  expect(await new Response(child.stdout).text()).toBe(listing!);
});
