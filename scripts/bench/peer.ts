// The peer: PyTorch in a process of its own, which solves the same problem and times itself.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../lib/errors.ts";
import { writeModel } from "../../lib/run/weights.ts";
import type { Work } from "./contestant.ts";
import type { Contestant } from "./measure.ts";
import { encodedProblem, type Problem, settingsOf } from "./problem.ts";

const answerSchema = z.object({
  wall: z.number(),
  cpu: z.number(),
  loss: z.number().optional(),
  norm: z.number().optional(),
  denoised: z.array(z.number()).optional(),
});
const greetingSchema = z.object({ torch: z.string() });

export type Answer = z.infer<typeof answerSchema>;

export interface Peer extends AsyncDisposable {
  readonly version: string;
  answer(work: Work): Promise<Answer>;
  contestant(work: Work): Contestant;
}

/** Starts Python on the problem. Throws UserError where PyTorch or diffusers lack. */
export async function openPeer(python: string, problem: Problem, threads: number): Promise<Peer> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "langevin-bench-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  await writeModel(folder, problem.manifest, problem.weights);
  await writeFile(join(folder, "problem.safetensors"), encodedProblem(problem));
  await writeFile(join(folder, "settings.json"), JSON.stringify(settingsOf(problem)));
  const script = join(import.meta.dir, "peer.py");
  const process = Bun.spawn([python, script, folder, String(threads)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
  });
  resources.defer(() => process.kill());
  const lines = linesOf(process.stdout)[Symbol.asyncIterator]();
  const read = async (): Promise<unknown> => {
    const { value, done } = await lines.next();
    if (!done) return JSON.parse(value);
    const complaint = (await new Response(process.stderr).text()).trim().split("\n").at(-1);
    throw new UserError(
      `bench: ${python} cannot run the peer (${complaint}); it needs torch and diffusers, name another with --python`,
    );
  };
  const { torch } = greetingSchema.parse(await read());
  const answer = async (work: Work) => {
    process.stdin.write(`${work}\n`);
    await process.stdin.flush();
    return answerSchema.parse(await read());
  };
  const held = resources.move();
  return {
    version: torch,
    answer,
    contestant: (work) => ({ name: "pytorch", run: () => answer(work) }),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
