// What a TypeScript source depends on: the modules it names, type-only ones included, and the host's globals it uses.
import { posix } from "node:path";

export interface Edge {
  readonly from: string;
  /** A path inside the project, a package, `node:…`, `global:…` or, where the name is computed, `computed:`. */
  readonly to: string;
  /** Nothing of the target is left when the types are erased. */
  readonly typeOnly: boolean;
}

// Up to `from`, a statement holds names and comments; comments may hold anything.
const statement =
  /^(?:import|export)\b(?:[^"'`;/]|\/\/.*\n|\/\*[\s\S]*?\*\/)*?\bfrom\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm;

const hostGlobals = ["Bun", "Buffer", "process", "require", "setImmediate", "__dirname", "__filename"];
const marked = (name: string) => `hostGlobal_${name}`;
// Bun's parser renames a global and leaves a property or a local of the same name alone.
const define = Object.fromEntries(
  hostGlobals.flatMap((name) => [
    [name, marked(name)],
    [`globalThis.${name}`, marked(name)],
  ]),
);
const transpilers = {
  ts: new Bun.Transpiler({ loader: "ts", define }),
  tsx: new Bun.Transpiler({ loader: "tsx", define }),
};

/** The dependencies of a source in the order of their names; `path` is relative to the project. */
export function edges(path: string, written: string): Edge[] {
  const transpiler = transpilers[path.endsWith(".tsx") ? "tsx" : "ts"];
  // Scanning shall not run macros.
  const source = written.replaceAll(/ with \{ type: "macro" \}/g, "");
  const erased = transpiler.transformSync(source);
  const kept = new Set(transpiler.scanImports(source).map((found) => found.path));
  const named = [...source.matchAll(statement)].map((match) => (match[1] ?? match[2])!);
  const modules = [...new Set([...kept, ...named])].sort();
  const globals = hostGlobals.filter((name) => new RegExp(`\\b${marked(name)}\\b`).test(erased));
  return [
    ...modules.map((to) => ({ from: path, to: resolve(path, to), typeOnly: !kept.has(to) })),
    ...globals.map((name) => ({ from: path, to: `global:${name}`, typeOnly: false })),
    ...(/\bimport\((?!\s*["'])/.test(erased) ? [{ from: path, to: "computed:", typeOnly: false }] : []),
  ];
}

/** What is loaded before the first line of a source runs: its imports that are neither of types alone nor asked for later. */
export function loadedBefore(path: string, source: string): string[] {
  const found = transpilers[path.endsWith(".tsx") ? "tsx" : "ts"].scanImports(source);
  return found.filter(({ kind }) => kind === "import-statement").map((each) => resolve(path, each.path));
}

const resolve = (from: string, to: string) => (to.startsWith(".") ? posix.join(posix.dirname(from), to) : to);

/** Every import cycle that a depth-first walk meets, as `a -> b -> a`. */
export function cycles(all: readonly Edge[]): string[] {
  const targets = Map.groupBy(all, ({ from }) => from);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) found.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
    if (trail.includes(file) || done.has(file)) return;
    for (const { to } of targets.get(file) ?? []) visit(to, [...trail, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return found;
}
