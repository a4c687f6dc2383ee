// Whether other work takes this machine's processors, so that times measured on it say little.
import { availableParallelism } from "node:os";

/** Milliseconds of a look at it. */
const look = 300;
const burn = `const end = performance.now() + ${look}; while (performance.now() < end); console.log(process.cpuUsage().user);`;

/** The least share of a core that busy processes get, one for each core: 1 on a quiet machine. */
export async function quietness(): Promise<number> {
  const shares = Array.from({ length: availableParallelism() }, async () => {
    const child = Bun.spawn([process.execPath, "-e", burn], { stderr: "ignore" });
    return Number(await new Response(child.stdout).text()) / 1000 / look;
  });
  return Math.min(1, ...(await Promise.all(shares)));
}
