// A density drawn small from its samples.
import { useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { densities } from "../../../lib/data/densities/index.ts";
import { type DensityName, plane } from "../state/plane.ts";
import { colourOf } from "../ui/colours.ts";
import { dark } from "../ui/scheme.ts";
import { wordPoints } from "./word.ts";

const SIDE = 96;
const COUNT = 500;

const known = new Map<string, Promise<Float32Array>>();

/** Samples of a built-in density, [n*2]. */
async function draw(name: string): Promise<Float32Array> {
  const samples = new Float32Array(2 * COUNT);
  const { size, read } = densities[name]!.make(0);
  const stride = Number.isFinite(size) ? Math.floor(size / COUNT) : 1;
  await read(
    Array.from({ length: COUNT }, (_, i) => i * stride),
    samples,
  );
  return samples;
}

function samplesOf(name: DensityName): Promise<Float32Array> | Float32Array {
  if (name === "drawn") return plane.points.value;
  if (name === "word") return wordPoints(plane.word.value || "Aa").subarray(0, 2 * COUNT);
  if (!known.has(name)) known.set(name, draw(name));
  return known.get(name)!;
}

function paint(canvas: HTMLCanvasElement, points: Float32Array): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  context.clearRect(0, 0, SIDE, SIDE);
  context.fillStyle = colourOf("--blue", canvas);
  const furthest = points.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  const place = (x: number) => SIDE / 2 + (0.44 * SIDE * x) / furthest;
  for (let i = 0; i < points.length; i += 2)
    context.fillRect(place(points[i]!) - 1, SIDE - place(points[i + 1]!) - 1, 2, 2);
}

export function Thumbnail({ name }: { readonly name: DensityName }) {
  const place = useRef<HTMLCanvasElement>(null);
  useSignalEffect(() => {
    dark.value;
    const samples = samplesOf(name);
    void Promise.resolve(samples).then((points) => place.current && paint(place.current, points));
  });
  return <canvas ref={place} width={SIDE} height={SIDE} />;
}
