// Fetches what onnxruntime-node needs for CUDA, by the package's own install script.
import { createRequire } from "node:module";
import { z } from "zod";
import { UserError } from "../../lib/errors.ts";
import { tell } from "./progress.ts";

const require = createRequire(import.meta.url);

/** The version of CUDA that onnxruntime-node is built for, as its script calls it. */
const build = "cuda12";

const metadata = z
  .object({ requirements: z.record(z.string(), z.array(z.string())) })
  .parse(require("onnxruntime-node/script/install-metadata.js"));

interface Installation {
  /** As Node writes it: operating system and processor. */
  readonly platform: string;
  /** The path of the script. */
  readonly script: string;
}

export const ownInstallation: Installation = {
  platform: `${process.platform}/${process.arch}`,
  script: require.resolve("onnxruntime-node/script/install.js"),
};

/** Downloads the provider, some 300 MB, and tells its progress. Throws UserError where there is none for the machine, or the script fails. */
export async function installCuda({ platform, script }: Installation): Promise<void> {
  const able = Object.keys(metadata.requirements).filter((name) =>
    metadata.requirements[name]!.includes(build),
  );
  if (!able.includes(platform))
    throw new UserError(
      `CUDA: onnxruntime-node has it for ${able.join(" and ")}, this is ${platform}; use --device webgpu or --device cpu`,
    );
  tell("fetching onnxruntime-node's CUDA provider, some 300 MB");
  const child = Bun.spawn([process.execPath, script], {
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: build },
    // What commands print on standard output is their result.
    stdout: 2,
    stderr: "pipe",
  });
  const complaint = await new Response(child.stderr).text();
  if ((await child.exited) !== 0)
    throw new UserError(
      `CUDA: onnxruntime-node's install script failed (${reason(complaint)}); it downloads from api.nuget.org, through the proxy that GLOBAL_AGENT_HTTPS_PROXY names if there is one`,
    );
}

/** The message of the error that ended a script, without its class. */
function reason(complaint: string): string {
  const lines = complaint.split("\n").map((line) => line.trim());
  const thrown = lines.find((line) => /^\w*(?:Error|Exception|error): /.test(line));
  return thrown?.replace(/^\w+: /, "") ?? lines.find((line) => line !== "") ?? "it says nothing";
}
