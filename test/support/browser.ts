// Debian's Chromium without a window, driven by Playwright, for tests of the page.
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const executable = Bun.which("chromium") ?? "/usr/bin/chromium";

/** Why browser tests cannot run here, or undefined. */
export const noBrowser = existsSync(executable) ? undefined : "no chromium on the path (Debian: chromium)";

const quiet = [
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGPU in software. */
const softwareGpu = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

/** Starts a browser; `webgpu` gives its pages a software adapter. */
export const openBrowser = (device: "wasm" | "webgpu" = "wasm"): Promise<Browser> =>
  chromium.launch({
    executablePath: executable,
    args: device === "webgpu" ? [...quiet, ...softwareGpu] : quiet,
  });

/** Milliseconds to wait for what a page is to show, on a machine that may have other work. */
const patience = 90_000;

export interface Visit extends AsyncDisposable {
  readonly page: Page;
  /** Everything the page complained of: console errors, uncaught errors, violations of its policy. */
  readonly complaints: readonly string[];
}

/** A page in a context of its own, at 1280x800 unless told otherwise, that writes down its complaints. */
export async function visit(
  browser: Browser,
  address: string,
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(address);
  return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
}
