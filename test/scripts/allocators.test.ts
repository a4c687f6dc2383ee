import { expect, test } from "bun:test";
import { join } from "node:path";
import { z } from "zod";

const script = join(import.meta.dir, "../support/with-settings.ts");
const environment = z.object({
  GLIBC_TUNABLES: z.string().optional(),
  MIMALLOC_PURGE_DELAY: z.string().optional(),
});
const answer = z.object({
  pid: z.number(),
  argv: z.string().array(),
  execArgv: z.string().array(),
  env: environment,
  given: environment,
});

/** What the process says of itself that is started with these and nothing else in its environment. */
async function started(env: z.infer<typeof environment>) {
  const command = [process.execPath, "--smol", script, "--out", "a b"];
  const child = Bun.spawn(command, { env, stdout: "pipe" });
  return { child: child.pid, ...answer.parse(await new Response(child.stdout).json()) };
}

test.skipIf(process.platform !== "linux")(
  "the same process, with the same arguments, has settings",
  async () => {
    const { child, pid, argv, execArgv, env, given } = await started({});
    expect(pid).toBe(child);
    expect(argv).toEqual(["--out", "a b"]);
    expect(execArgv).toContain("--smol");
    expect(env).toEqual({ GLIBC_TUNABLES: "glibc.malloc.hugetlb=1", MIMALLOC_PURGE_DELAY: "10000" });
    expect(given).toEqual({});
  },
);

test("what the user has set stays", async () => {
  const own = { GLIBC_TUNABLES: "glibc.malloc.arena_max=2", MIMALLOC_PURGE_DELAY: "7" };
  const { env, given } = await started(own);
  expect(env).toEqual(own);
  expect(given).toEqual(own);
});
