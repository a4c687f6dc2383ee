// Says what runs on this machine and what to do about the rest; fetches what CUDA needs.
import { main } from "./cli/command.ts";
import { examine, isUsable } from "./cli/doctor.ts";
import { installCuda, ownInstallation } from "./cli/install-cuda.ts";
import { common, toggle } from "./cli/options.ts";
import { table } from "./cli/report.ts";

await main({
  name: "doctor",
  summary: "Say what runs on this machine, and what to do about the rest",
  options: {
    installCuda: toggle(
      "--install-cuda",
      "first fetch what ONNX Runtime needs for CUDA 12, some 300 MB, by onnxruntime-node's own install script",
    ),
    json: common.json,
  },
  examples: ["", "--install-cuda"],
  async run(values) {
    if (values.installCuda) await installCuda(ownInstallation);
    const found = await examine();
    const rows = Object.entries(found).map(([name, { works, says }]) => [name, works ? "yes" : "no", says]);
    console.log(values.json ? JSON.stringify(found) : table(rows));
    const isWell = isUsable(found) && (found.cuda.works || !values.installCuda);
    return isWell ? undefined : 1;
  },
});
