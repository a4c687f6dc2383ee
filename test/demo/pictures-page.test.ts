// The pictures' page in a browser: it draws with a model folder, trains one, and exchanges runs with the command line.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { unzipSync } from "fflate";
import type { Page } from "playwright-core";
import { noBrowser } from "../support/browser.ts";
import { type Demo, openDemo, still } from "../support/demo-page.ts";
import { runScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

/** The sheet once it says this of itself. */
const sheet = (page: Page, text: RegExp) => page.getByRole("img", { name: text });
const drawn = /^30 pictures by .*, with their noise, at noise level/;

const pixels = (page: Page): Promise<string> =>
  sheet(page, drawn).evaluate((canvas) => (canvas instanceof HTMLCanvasElement ? canvas.toDataURL() : ""));

/** The finished pictures, once they are no longer those of before. */
async function complete(page: Page, before?: string): Promise<string> {
  for (;;) {
    await page.getByText("6 evaluations").waitFor();
    const [now] = [await pixels(page), await page.waitForTimeout(500)];
    if (now !== before && now === (await pixels(page))) return now;
  }
}

const heard = (page: Page, text: RegExp) =>
  page.getByRole("status").filter({ hasText: text }).waitFor({ state: "attached" });

async function command(name: string, ...args: string[]) {
  const outcome = await runScript(name, args);
  expect({ code: outcome.code, problem: outcome.code ? outcome.stderr : "" }).toEqual({
    code: 0,
    problem: "",
  });
  return outcome;
}

const title = "the pictures' page";
describe.skipIf(noBrowser !== undefined)(noBrowser ? `${title} (skipped: ${noBrowser})` : title, () => {
  const folder = new TemporaryFolder();
  const digits = join(folder.path, "models/digits");
  let demo: Demo;
  beforeAll(async () => {
    await command("train", "--preset", "tiny", "--steps", "4", "--preview-every", "1000", "--out", digits);
    demo = await openDemo({ models: join(folder.path, "models") });
  });
  afterAll(async () => {
    await demo?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  test("draws with the model that is shipped, and the same for the same link", async () => {
    await using visited = await demo.open("pictures?steps=6&seed=3", still);
    const { page, complaints } = visited;
    const first = await complete(page);
    await page.getByRole("button", { name: "Seed: the next one" }).click();
    await page.waitForURL(/seed=4/);
    const second = await complete(page, first);
    await using other = await demo.open(new URL(page.url()).hash.slice(1), still);
    expect(await complete(other.page)).toBe(second);
    expect(complaints).toEqual([]);
  });

  test("opens a model folder from the disk, and says in one line what is none", async () => {
    await using visited = await demo.open("pictures?steps=6", still);
    const { page, complaints } = visited;
    await page.getByText("Open another").click();
    await page.getByLabel("Folder…").setInputFiles(join(digits, "model"));
    await heard(page, /is open/);
    await sheet(page, drawn).waitFor();
    await page.getByLabel("Files…").setInputFiles({
      name: "run.zip",
      mimeType: "application/zip",
      buffer: Buffer.from("no zip"),
    });
    const problem = page.getByRole("alert").filter({ hasText: /zip/ });
    expect(await problem.textContent()).toMatch(/^[^\n]+$/);
    expect(complaints).toEqual([]);
  });

  test("trains five steps, and the command line goes on with the run that is downloaded", async () => {
    await using visited = await demo.open("pictures?preset=tiny&planned=5&steps=6", {
      ...still,
      acceptDownloads: true,
    });
    const { page, complaints } = visited;
    await page.getByText("Train a model in this page").click();
    await page.getByRole("button", { name: "Train from scratch" }).click();
    await heard(page, /Trained 5 steps/);
    await sheet(page, drawn).waitFor();
    const downloading = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download the run" }).click();
    const bytes = await Bun.file(await (await downloading).path()).bytes();
    for (const [name, content] of Object.entries(unzipSync(bytes)))
      if (!name.endsWith("/")) folder.write(`downloaded/${name}`, content);
    const run = join(folder.path, "downloaded");
    await command("train", "--out", run, "--resume", "--steps", "8", "--preview-every", "1000");
    const metrics = (await Bun.file(join(run, "metrics.jsonl")).text()).trim().split("\n");
    expect(metrics.map((line) => JSON.parse(line).step)).toContain(8);
    await command("sample", run, "--count", "2", "--steps", "3");
    expect(complaints).toEqual([]);
  });
});
