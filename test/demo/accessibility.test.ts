// The page is there for everyone: contrast and labels, the keyboard alone, wide and narrow, light and dark.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import type { Page } from "playwright-core";
import { noBrowser } from "../support/browser.ts";
import { type Demo, openDemo, still } from "../support/demo-page.ts";

/** Where pictures of every view are left to look at. */
const screenshots = process.env.LANGEVIN_SCREENSHOTS ?? join(tmpdir(), "langevin-screenshots");

const sizes = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
};

/** Views that are at rest when they say this. */
const views = [
  { part: "plane", hash: "plane?trained=0&steps=40&heat=density", rest: /step (\d+) of \1,/ },
  { part: "pictures", hash: "pictures?steps=6", rest: /pictures by|No model is open/ },
] as const;

const cases = views.flatMap((view) =>
  Object.entries(sizes).flatMap(([size, options]) =>
    (["light", "dark"] as const).map((colorScheme) => ({ ...view, size, colorScheme, options })),
  ),
);

const title = "the page is for everyone";
describe.skipIf(noBrowser !== undefined)(noBrowser ? `${title} (skipped: ${noBrowser})` : title, () => {
  let demo: Demo;
  beforeAll(async () => {
    demo = await openDemo();
  });
  afterAll(() => demo?.[Symbol.asyncDispose]());

  test.each(cases)("$part, $size, $colorScheme: nothing serious", async (view) => {
    const { part, hash, rest, size, colorScheme, options } = view;
    await using visited = await demo.open(hash, { ...still, ...options, colorScheme });
    const { page } = visited;
    await page.getByRole("img", { name: rest }).first().waitFor();
    await page.screenshot({ path: join(screenshots, `${part}-${size}-${colorScheme}.png`) });
    await unfold(page);
    await page.screenshot({
      path: join(screenshots, `${part}-${size}-${colorScheme}-all.png`),
      fullPage: true,
    });
    expect(await complaints(page)).toEqual([]);
    // Nothing is cut off at the side.
    const [width, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(width).toBeLessThanOrEqual(room!);
  });

  test.each(views)("$part: Tab reaches everything, and shows where it is", async ({ hash, rest }) => {
    await using visited = await demo.open(hash, still);
    const { page } = visited;
    await page.getByRole("img", { name: rest }).first().waitFor();
    await unfold(page);
    const expected = await page.evaluate(markFocusable);
    expect(expected).toBeGreaterThan(15);
    const reached = new Set<number>();
    const unmarked: string[] = [];
    for (let i = 0; i < 2 * expected; i++) {
      await page.keyboard.press("Tab");
      const focus = await page.evaluate(describeFocus);
      if (!focus) continue;
      for (const each of focus.group) reached.add(each);
      if (!focus.visible) unmarked.push(focus.name);
    }
    const missed = Array.from({ length: expected }, (_, i) => i).filter((i) => !reached.has(i));
    expect({ missed: await page.evaluate(nameMarked, missed), unmarked }).toEqual({
      missed: [],
      unmarked: [],
    });
  });

  test("keys alone play, step, choose a density and its noise, train, and change the part", async () => {
    await using visited = await demo.open("plane?trained=0&steps=40&method=ddim", still);
    const { page, complaints } = visited;
    const says = (text: RegExp) => page.getByRole("img", { name: text }).first().waitFor();
    await says(/Two moons: .* step 40 of 40,/);
    await page.keyboard.press("ArrowLeft");
    await says(/step 39 of 40,/);
    await page.keyboard.press(" ");
    await says(/playing/);
    await page.keyboard.press(" ");
    await says(/step \d+ of 40,/);
    await page.keyboard.press("5");
    await says(/Rings: .* step 40 of 40,/);
    await page.keyboard.press("n");
    await page.waitForURL(/noise=1/);
    await page.getByRole("button", { name: "+1 step of training" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText(/^step 1 of 1/).waitFor();
    expect(complaints).toEqual([]);
    await page.getByRole("link", { name: "Pictures" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Model" }).waitFor();
  });
});

const unfold = (page: Page) =>
  page.evaluate(() => {
    for (const details of document.querySelectorAll("details")) details.open = true;
  });

/** What axe finds that is serious or worse, as "rule: element". */
async function complaints(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

declare global {
  interface Window {
    axe: typeof axe;
  }
}

/** Numbers everything that can be used; radio buttons of one name are one stop, whose arrows reach the others. */
function markFocusable(): number {
  const usable = [
    ...document.querySelectorAll<HTMLElement>("a[href], button, input, select, textarea, summary"),
  ].filter((element) => !element.matches(":disabled") && element.checkVisibility());
  usable.forEach((element, i) => {
    element.dataset.stop = String(i);
  });
  return usable.length;
}

function describeFocus() {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || focused.dataset.stop === undefined) return undefined;
  const alike =
    focused instanceof HTMLInputElement && focused.type === "radio"
      ? [...document.querySelectorAll<HTMLElement>(`input[type=radio][name="${CSS.escape(focused.name)}"]`)]
      : [focused];
  // The outline may be drawn on the label around an input that is not seen itself.
  const marked = [focused, focused.parentElement, focused.nextElementSibling].some(
    (element) => element && getComputedStyle(element).outlineStyle !== "none",
  );
  return {
    group: alike.map(({ dataset }) => Number(dataset.stop)),
    name: focused.outerHTML.slice(0, 120),
    visible: marked,
  };
}

const nameMarked = (stops: readonly number[]): string[] =>
  stops.map(
    (stop) => document.querySelector(`[data-stop="${stop}"]`)?.outerHTML.slice(0, 120) ?? String(stop),
  );
