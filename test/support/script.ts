// Runs a script the way a user does, in a process of its own.
import { join } from "node:path";

const root = join(import.meta.dirname, "../..");

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `bun scripts/<name>.ts`; paths in the arguments are relative to `cwd`, by default the repository. */
export function startScript(name: string, args: readonly string[], { cwd = root, env = {} } = {}) {
  return Bun.spawn([process.execPath, join(root, "scripts", `${name}.ts`), ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
}

/** Waits for the end of a started script. */
export async function outcome(child: ReturnType<typeof startScript>): Promise<Outcome> {
  const [stdout, stderr] = await Promise.all(
    [child.stdout, child.stderr].map((stream) => new Response(stream).text()),
  );
  return { code: await child.exited, stdout: stdout!, stderr: stderr! };
}

export const runScript = (...start: Parameters<typeof startScript>): Promise<Outcome> =>
  outcome(startScript(...start));
