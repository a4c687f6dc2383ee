// The most memory that a process has held.
import { readFile } from "node:fs/promises";

/**
 * Bytes, by Linux' own account of the process alone: what a parent is told of its children counts the parent too. Undefined on
 * other systems.
 */
export async function peakMemory(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
