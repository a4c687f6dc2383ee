// What of this machine can be used, found by using it.
import { availableParallelism } from "node:os";
import { blockOf } from "../../lib/artifact/lowering.ts";
import { UserError } from "../../lib/errors.ts";
import { type DeviceName, openDevice } from "../../lib/run/device.ts";
import { engines } from "../../package.json";

interface Finding {
  readonly works: boolean;
  /** Versions and the like; where it does not work, why not and what to do. */
  readonly says: string;
}

interface Check {
  /** Nothing works without it. */
  readonly isNeeded: boolean;
  /** Answers what is there. Throws for what is not. */
  look(): Promise<string>;
}

const runtime = () => import("onnxruntime-node");
const device = async (name: DeviceName) => openDevice(await runtime(), name, { environment: process.env });

const checks = {
  bun: {
    isNeeded: true,
    look: async () => {
      if (Bun.semver.satisfies(Bun.version, engines.bun)) return Bun.version;
      throw new UserError(`${Bun.version}, expected ${engines.bun}; update with \`npm install\``);
    },
  },
  "onnxruntime-node": {
    isNeeded: true,
    look: async () => {
      const { env } = await runtime();
      return `${env.versions.node ?? env.versions.common}`;
    },
  },
  cpu: {
    isNeeded: true,
    look: async () => {
      const { lowering } = await device("cpu");
      const block = lowering && blockOf[lowering];
      const graphs = block ? `graphs in blocks of ${block} channels` : "portable graphs";
      return `${graphs}, ${availableParallelism()} threads`;
    },
  },
  webgpu: { isNeeded: false, look: async () => (await device("webgpu")).provider },
  cuda: { isNeeded: false, look: async () => (await device("cuda")).provider },
  auto: { isNeeded: true, look: async () => `takes ${(await device("auto")).name}` },
  sharp: {
    isNeeded: true,
    look: async () => {
      const { default: sharp } = await import("sharp");
      return `${sharp.versions.sharp}, libvips ${sharp.versions.vips}`;
    },
  },
} satisfies Record<string, Check>;

type CheckName = keyof typeof checks;

/** Looks at everything; what is missing keeps nothing else from being looked at. */
export async function examine(): Promise<Record<CheckName, Finding>> {
  const found: [string, Finding][] = [];
  for (const [name, { look }] of Object.entries<Check>(checks)) found.push([name, await finding(look, name)]);
  return Object.fromEntries(found) as Record<CheckName, Finding>;
}

/** Whether there is all that nothing works without. */
export const isUsable = (found: Readonly<Record<CheckName, Finding>>): boolean =>
  Object.entries<Check>(checks).every(([name, { isNeeded }]) => !isNeeded || found[name as CheckName].works);

async function finding(look: Check["look"], name: string): Promise<Finding> {
  try {
    return { works: true, says: await look() };
  } catch (error) {
    return { works: false, says: firstLine(error, name) };
  }
}

/** One line, without the names that stand beside it. */
function firstLine(error: unknown, name: string): string {
  const [line = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
  const told = line.replace(`--device ${name}: `, "");
  return error instanceof UserError ? told : `${told}; install again with \`npm install\``;
}
