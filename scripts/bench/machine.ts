// What was measured with: the date, the machine and the versions of everything that takes part.
import { cpus } from "node:os";
import { join } from "node:path";
import type { Host } from "../../lib/run/session.ts";
import { peerVersions } from "./peer.ts";

const root = join(import.meta.dir, "..", "..");

/** The commit that is checked out, or "unknown" outside of a clone. */
async function commit(): Promise<string> {
  const described = await Bun.$`git -C ${root} describe --always --dirty`.nothrow().quiet();
  return described.exitCode === 0 ? described.text().trim() : "unknown";
}

export type Machine = Awaited<ReturnType<typeof machineOf>>;

export async function machineOf({ ort, device }: Host, threads: number, python: string | undefined) {
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]!.model.trim(),
    threads,
    device: device.name,
    lowering: device.lowering ?? "none",
    versions: {
      langevin: await commit(),
      onnxruntime: ort.env.versions.node ?? ort.env.versions.common,
      bun: Bun.version,
      ...(python !== undefined && (await peerVersions(python))),
    },
  };
}

export function machineText({ date, cpu, threads, device, lowering, versions }: Machine): string {
  const installed = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [date, cpu, `${threads} threads`, `${device} (${lowering})`, ...installed].join(", ");
}
