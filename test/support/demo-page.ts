// The demo as its visitors have it: served, and opened in a browser.
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { serve } from "../../scripts/demo/server/serve.ts";
import { openSite } from "../../scripts/demo/server/site.ts";
import { openBrowser, type Visit, visit } from "./browser.ts";

const root = join(import.meta.dir, "../..");

/** The page's files, with the models that are shipped or others in their place. */
export const demoSite = (models = join(root, "assets/models")) =>
  openSite({ page: join(root, "scripts/demo"), models });

export interface Demo extends AsyncDisposable {
  /** Opens the page at this hash, such as "plane?density=rings", in a context of its own. */
  open(hash?: string, options?: BrowserContextOptions): Promise<Visit>;
}

interface DemoOptions {
  readonly device?: "wasm" | "webgpu";
  /** A folder of models in place of the shipped ones. */
  readonly models?: string;
}

/** A server and a browser for many visits. */
export async function openDemo({ device, models }: DemoOptions = {}): Promise<Demo> {
  await using resources = new AsyncDisposableStack();
  const { address } = resources.use(serve(await demoSite(models), { host: "localhost", port: 0 }));
  const browser = resources.adopt(await openBrowser(device), (opened) => opened.close());
  const held = resources.move();
  return {
    open: (hash = "", options = {}) => visit(browser, `${address}#${hash}`, options),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Visits where nothing moves by itself. */
export const still = { reducedMotion: "reduce" } as const;
