// What a figure's SVG shows: its marks of one kind, its texts, its numbers.

/** The elements of each group of marks of one kind ("symbol", "rect", "line", "rule"), in the order they are drawn. */
export function markGroups(svg: string, kind: string): string[][] {
  const groups = svg.matchAll(
    new RegExp(`<g class="mark-${kind} role-mark[^>]*>((?:<(?:path|line)[^>]*>)*)`, "g"),
  );
  return [...groups].map((group) => group[1]!.match(/<[^>]*>/g) ?? []).filter((group) => group.length > 0);
}

/** All texts, each line of its own: titles, labels, legends. */
export const texts = (svg: string): string[] =>
  [...svg.matchAll(/<(?:text|tspan)[^>]*>([^<]+)</g)].map((text) => text[1]!);

/** An attribute of an element. */
export const attribute = (element: string, name: string): string =>
  new RegExp(` ${name}="([^"]*)"`).exec(element)?.[1] ?? "";

/** Where a symbol stands, in pixels from the top left of its panel, and how it is turned, in degrees clockwise. */
export function placement(element: string): { x: number; y: number; turn: number } {
  const transform = attribute(element, "transform");
  const [x = 0, y = 0] = numbers(/translate\(([^)]*)\)/.exec(transform)?.[1] ?? "");
  return { x, y, turn: numbers(/rotate\(([^)]*)\)/.exec(transform)?.[1] ?? "0")[0]! };
}

/** All numbers of a text such as a path or a colour. */
export const numbers = (text: string): number[] =>
  (text.match(/-?\d+(?:\.\d+)?(?:e-?\d+)?/g) ?? []).map(Number);

/** The luminance of an element's fill, 0 black to 255 white (Rec. 709). */
export function luminance(element: string): number {
  const [red = 0, green = 0, blue = 0] = numbers(attribute(element, "fill"));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
