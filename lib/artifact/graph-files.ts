// The files of an artifact: its manifest and the graphs that it names.
import type { GraphEntry, Manifest } from "./manifest.ts";

export const manifestFile = "manifest.json";

/** The graph files that a manifest names, each once. */
export function graphFiles({ graphs: { sampling, ...others } }: Manifest): string[] {
  const files = [...Object.values(others), ...sampling].flatMap((graph) => [
    graph.file,
    ...Object.values(graph.lowered ?? {}),
  ]);
  return [...new Set(files)];
}

/** The manifest without the graphs that some machines alone can run. */
export function portable(manifest: Manifest): Manifest {
  const { sampling, ...others } = manifest.graphs;
  const strip = <G extends GraphEntry>({ lowered: _, ...graph }: G) => graph;
  const graphs = Object.fromEntries(Object.entries(others).map(([name, graph]) => [name, strip(graph)]));
  return { ...manifest, graphs: { ...others, ...graphs, sampling: sampling.map(strip) } };
}
