// The peers: PyTorch in processes of their own, which solve the same problem and time themselves.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../lib/errors.ts";
import { writeModel, writePipeline } from "../../lib/run/weights.ts";
import { givenEnvironment } from "../cli/allocators.ts";
import type { Contest, Runner } from "./contestant.ts";
import { encodedProblem, type Problem, settingsOf } from "./problem.ts";

interface Entry {
  readonly works: readonly Contest[];
  /** Whether it knows DDPM's chain only. */
  readonly chain?: boolean;
  /** How long it may prepare for its first answer, in seconds; it is left out where it cannot. */
  readonly preparation?: number;
}

export const peers = {
  pytorch: { works: ["step", "evaluation"] },
  // Needs a C++ compiler, and a minute or more for each network.
  "torch.compile": { works: ["step", "evaluation"], preparation: 900 },
  diffusers: { works: ["step", "sampling"], chain: true },
} satisfies Record<string, Entry>;

export type PeerName = keyof typeof peers;

/** Who solves a problem of this work besides us. */
export const peersFor = (work: Contest, { plan }: Problem): PeerName[] =>
  Object.entries<Entry>(peers)
    .filter(([, { works, chain }]) => works.includes(work) && (!chain || plan))
    .map(([name]) => name as PeerName);

const answerSchema = z.object({ wall: z.number(), cpu: z.number(), values: z.array(z.number()) });

export interface Peer extends Runner {
  /** Its process. */
  readonly pid: number;
}

export interface PeerOptions {
  readonly python: string;
  readonly name: PeerName;
  readonly work: Contest;
  readonly threads: number;
  readonly repeats: number;
}

/** Starts Python on the problem; the first answer throws UserError where it cannot. */
export async function openPeer(options: PeerOptions, problem: Problem): Promise<Peer> {
  const { python, name, work, threads, repeats } = options;
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), "langevin-bench-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  await writeProblem(folder, problem);
  const child = spawn([python, script, folder, `${threads}`, name, work]);
  resources.defer(() => child.kill());
  const { preparation }: Entry = peers[name];
  const ask = conversation(child, `${python} cannot run ${name}`, preparation);
  const held = resources.move();
  return {
    name,
    pid: child.pid,
    values: async () => (await ask(1)).values,
    run: () => ask(repeats),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const script = join(import.meta.dir, "peer", "peer.py");

/** What the script is started on. */
async function writeProblem(folder: string, problem: Problem): Promise<void> {
  await writeModel(folder, problem.manifest, problem.weights);
  await writePipeline(folder, problem.manifest);
  await writeFile(join(folder, "problem.safetensors"), encodedProblem(problem));
  await writeFile(join(folder, "settings.json"), JSON.stringify(settingsOf(problem)));
}

const spawn = (command: string[]) =>
  Bun.spawn(command, { env: givenEnvironment(), stdin: "pipe", stdout: "pipe", stderr: "pipe" });

/** Asks the process to solve the problem so many times; `patience` is how many seconds the first answer may take. */
function conversation(child: ReturnType<typeof spawn>, failure: string, patience: number | undefined) {
  const complaints = new Response(child.stderr).text();
  const lines = linesOf(child.stdout);
  let late = false;
  const giveUp = () => {
    late = true;
    child.kill();
  };
  const limit = patience && setTimeout(giveUp, 1000 * patience).unref();
  return async (times: number) => {
    try {
      child.stdin.write(`${times}\n`);
      await child.stdin.flush();
    } catch {
      // Whoever has ended already says why below.
    }
    const { value, done } = await lines.next();
    clearTimeout(limit);
    if (!done) return answerSchema.parse(JSON.parse(value));
    const reason = late ? `no answer in ${patience} seconds` : exceptionIn(await complaints);
    throw new UserError(`bench: ${failure} (${reason}); leave out --peer, or name another with --python`);
  };
}

/** The line of a traceback that says what is wrong, which advice may follow. */
function exceptionIn(complaints: string): string {
  const lines = complaints.trim().split("\n");
  return lines.findLast((line) => /^[A-Za-z_][\w.]*: /.test(line)) ?? lines.at(-1)!;
}

/** What is installed there, by name. Throws UserError where PyTorch or diffusers lack. */
export async function peerVersions(python: string): Promise<Record<string, string>> {
  const packages = ["torch", "diffusers"];
  const code = `from importlib.metadata import version\nfor p in ${JSON.stringify(packages)}: print(version(p))`;
  const found = await Bun.$`${python} -c ${code}`.nothrow().quiet();
  if (found.exitCode !== 0)
    throw new UserError(
      `bench: ${python} lacks torch or diffusers, which --peer pytorch needs; name another with --python`,
    );
  const versions = found.text().trim().split("\n");
  return Object.fromEntries(packages.map((name, i) => [name, versions[i]!]));
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
