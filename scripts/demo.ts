// Serves the page that trains and samples in a browser, or writes it as static files.
import { join } from "node:path";
import { main } from "./cli/command.ts";
import { interrupt } from "./cli/interrupt.ts";
import { common, index, text, toggle } from "./cli/options.ts";
import { tell } from "./cli/progress.ts";
import { megabytes, report } from "./cli/report.ts";
import { openInBrowser } from "./demo/server/browser.ts";
import { serve } from "./demo/server/serve.ts";
import { openSite, type Site } from "./demo/server/site.ts";
import { writeSite } from "./demo/server/write.ts";

const { json } = common;

async function write(site: Site, folder: string, json: boolean): Promise<void> {
  const bytes = await writeSite(site, folder);
  report({ wrote: folder, files: site.size, size: megabytes(bytes) }, json);
}

interface Serving {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly open: boolean;
  readonly json: boolean;
}

async function serveUntilInterrupted(site: Site, options: Serving): Promise<void> {
  const { host = "localhost", port, open, json } = options;
  using stopping = interrupt();
  using server = serve(site, { host, port });
  report({ address: server.address }, json);
  tell("Ctrl-C ends it");
  if (open) openInBrowser(server.address);
  await new Promise((resolve) => stopping.signal.addEventListener("abort", resolve));
}

await main({
  name: "demo",
  summary: "Train and sample score-based models in a browser",
  options: {
    port: index("--port <n>", "port to serve on (default the first free one from 4269)"),
    host: text("--host <name>", "address to serve on (default localhost: this machine alone)"),
    open: toggle("--open", "show the page in the browser"),
    build: text("--build <folder>", "write static files for any host instead of serving"),
    json,
  },
  examples: ["--open", "--build dist"],
  async run({ build, json, ...serving }) {
    const site = await openSite({
      page: join(import.meta.dir, "demo"),
      models: join(import.meta.dir, "../assets/models"),
    });
    if (build !== undefined) await write(site, build, json);
    else await serveUntilInterrupted(site, { ...serving, json });
    return undefined;
  },
});
