// What the doctor finds on the machine that runs the tests, and how it fetches what CUDA needs, with stand-ins for the script that does.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { installCuda } from "../../scripts/cli/install-cuda.ts";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

test("everything is looked at, and what does not run says what to do", async () => {
  const { code, stdout } = await runScript("doctor", ["--json"]);
  expect(code).toBe(0);
  const found = JSON.parse(stdout);
  expect(Object.keys(found)).toEqual(["bun", "onnxruntime-node", "cpu", "webgpu", "cuda", "auto", "sharp"]);
  expect(found.bun).toEqual({ works: true, says: Bun.version });
  expect(found["onnxruntime-node"].says).toMatch(/^1\.\d+\.\d+$/);
  expect(found.cpu).toMatchObject({
    works: true,
    says: expect.stringMatching(/^(graphs in|portable).* threads$/),
  });
  const chosen = found.auto.says.replace("takes ", "");
  expect(found[chosen].works).toBe(true);
  if (!found.cuda.works) expect(found.cuda.says).toContain("`bun scripts/doctor.ts --install-cuda`");
  if (!found.webgpu.works) expect(found.webgpu.says).toContain("Vulkan driver");
});

test("where onnxruntime-node has no CUDA nothing is fetched", async () => {
  const refused = installCuda({ platform: "darwin/arm64", script: "/nowhere.js" });
  await expect(refused).rejects.toThrow(
    new UserError(
      "CUDA: onnxruntime-node has it for linux/x64, this is darwin/arm64; use --device webgpu or --device cpu",
    ),
  );
});

test("the install script is asked for CUDA 12", async () => {
  using folder = new TemporaryFolder();
  const asked = join(folder.path, "asked");
  const body = `require("fs").writeFileSync(${JSON.stringify(asked)}, process.env.ONNXRUNTIME_NODE_INSTALL);`;
  await installCuda({ platform: "linux/x64", script: folder.write("install.js", body) });
  expect(readFileSync(asked, "utf8")).toBe("cuda12");
});

test.each([
  ["a rejection", `void Promise.reject(new Error("no such host"));`, "no such host"],
  ["an error", `throw new Error("Failed to open NuGet package");`, "Failed to open NuGet package"],
  ["a line", `console.error("out of disk"); process.exitCode = 3;`, "out of disk"],
  ["nothing", `process.exitCode = 3;`, "it says nothing"],
])("a script that ends with %s is told of in one line", async (_, body, reason) => {
  using folder = new TemporaryFolder();
  const failed = installCuda({ platform: "linux/x64", script: folder.write("install.js", body) });
  await expect(failed).rejects.toThrow(
    new UserError(
      `CUDA: onnxruntime-node's install script failed (${reason}); it downloads from api.nuget.org, through the proxy that GLOBAL_AGENT_HTTPS_PROXY names if there is one`,
    ),
  );
});
