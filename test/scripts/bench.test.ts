// The benchmark: what it prints, how it compares, and that it times nobody who computes something else.
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { requireEqual } from "../../scripts/bench/equality.ts";
import { kernelsOf } from "../../scripts/bench/kernels.ts";
import { interleaved, median, ratios, timed } from "../../scripts/bench/measure.ts";
import { peakMemory } from "../../scripts/bench/peak-memory.ts";
import { rowsMarkdown, rowsTable } from "../../scripts/bench/row.ts";
import { exponentOf } from "../../scripts/bench/scaling.ts";
import { runScript } from "../support/script.ts";

const isLinux = process.platform === "linux";

describe("the command", () => {
  const reportSchema = z.object({
    rounds: z.number(),
    versions: z.record(z.string(), z.string()),
    rows: z.array(z.object({ work: z.string(), of: z.string(), amount: z.number(), unit: z.string() })),
  });
  const bench = async (...args: string[]) => {
    const { code, stdout, stderr } = await runScript("bench", [...args, "--json"]);
    expect(code, stderr).toBe(0);
    return JSON.parse(stdout);
  };

  test.skipIf(!isLinux)("measures everything of a small network", async () => {
    const { rounds, rows, versions } = reportSchema.parse(await bench("--case", "points", "--rounds", "3"));
    expect(rounds).toBe(3);
    expect(versions.bun).toBe(Bun.version);
    const expected = ["author", "open step", "open evaluation", "step", "evaluation", "memory"];
    const ours = rows.filter(({ of }) => of === "langevin");
    expect(ours.map(({ work }) => work)).toEqual(expected);
    // Where the machine has graphs of its own, those for everybody are measured beside them.
    const others = rows.filter((row) => !ours.includes(row)).map(({ work, of }) => `${work} of ${of}`);
    expect([[], ["step of portable", "evaluation of portable"]]).toContainEqual(others);
    const [step, evaluation, memory] = ours.slice(-3);
    // A step has three times the products of an evaluation and an optimizer besides.
    expect(step!.amount).toBeGreaterThan(evaluation!.amount);
    // The runtime and four vectors of 36,866 numbers: far from what a U-Net takes.
    expect(memory).toMatchObject({ unit: "MB" });
    expect(memory!.amount).toBeGreaterThan(50);
    expect(memory!.amount).toBeLessThan(300);
  });

  test("times whole processes that draw samples", async () => {
    const { rows } = reportSchema.parse(await bench("--case", "tiny", "--rounds", "1"));
    expect(rows).toMatchObject([{ work: "sample.ts", of: "langevin", unit: "ms" }]);
    // Bun and the runtime start and ten evaluations follow, which nothing does in less.
    expect(rows[0]!.amount).toBeGreaterThan(100);
  });

  test("profiles by operator and by layer, and leaves nothing out", async () => {
    const { profiles } = await bench("--case", "points", "--profile");
    const [{ total, operators, layers }] = profiles;
    const sum = (rows: Record<string, number>[], key: string) =>
      rows.reduce((all, each) => all + each[key]!, 0);
    expect(sum(operators, "milliseconds")).toBeCloseTo(total, 9);
    expect(sum(operators, "share")).toBeCloseTo(1, 9);
    expect(operators.map(({ of }: { of: string }) => of)).toContain("Gemm");
    const named = ["hidden.0", "hidden.1", "hidden.2", "out"];
    expect(layers.map(({ layer }: { layer: string }) => layer)).toEqual([
      ...named,
      ...["the optimizer", "noise and loss"],
    ]);
    const phases = ["forward", "backward", "optimizer"].map((phase) => sum(layers, phase));
    expect(phases.reduce((a, b) => a + b)).toBeCloseTo(total, 9);
    for (const layer of layers.slice(0, named.length)) {
      expect(layer.forward).toBeGreaterThan(0);
      expect(layer.backward).toBeGreaterThan(0);
    }
  });

  /** The command with a Python that has PyTorch by name and does what the shell `does` instead. */
  const withPeer = async (does: string) => {
    const folder = mkdtempSync(join(tmpdir(), "langevin-peer-"));
    const python = join(folder, "python");
    const script = `#!/bin/sh\nif [ "$1" = -c ]; then printf '1\\n2\\n'; else ${does}; fi\n`;
    writeFileSync(python, script, { mode: 0o755 });
    const choice = ["--case", "points", "--work", "step", "--peer", "pytorch", "--python", python];
    const outcome = await runScript("bench", choice);
    rmSync(folder, { recursive: true });
    return outcome;
  };

  test("times no peer that computes something else", async () => {
    const answer = '{"wall":1,"cpu":1,"values":[0.5,2]}';
    const { code, stdout, stderr } = await withPeer(`while read -r _; do echo '${answer}'; done`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/step 1 differs from the peer's by 0\.\d+ of its size; nothing was timed\n$/);
  });

  test("says why a peer ended", async () => {
    const { code, stderr } = await withPeer("printf 'ImportError: no diffusers\\nand advice\\n' >&2; exit 1");
    expect(code).toBe(1);
    expect(stderr).toMatch(/python cannot run pytorch \(ImportError: no diffusers\); leave out --peer/);
  });

  test("says what a peer lacks", async () => {
    const { code, stderr } = await runScript("bench", ["--peer", "pytorch", "--python", "false"]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      "bench: false lacks torch or diffusers, which --peer pytorch needs; name another with --python\n",
    );
  });
});

test("rounds go both ways, and two of them warm up", async () => {
  const order: string[] = [];
  const contestant = (name: string) => ({
    name,
    run: async () => ({ wall: order.push(name), cpu: 1 }),
  });
  const timings = await interleaved([contestant("a"), contestant("b")], 2);
  expect(order.join("")).toBe("abbaabba");
  expect(timings.map((each) => each.map(({ wall }) => wall))).toEqual([
    [5, 8],
    [6, 7],
  ]);
});

test("work in a row is timed as the mean of once", async () => {
  let times = 0;
  const { wall } = await timed(async () => {
    times++;
    await Bun.sleep(4);
  }, 10);
  expect(times).toBe(10);
  expect(wall).toBeGreaterThan(3.9);
  expect(wall).toBeLessThan(40);
});

test("ratios are those of the rounds, and of the shortest", () => {
  const timing = (wall: number) => ({ wall, cpu: 2 * wall });
  const { wall, cpu } = ratios([1, 6, 4].map(timing), [2, 3, 5].map(timing));
  expect(wall).toEqual({ median: 0.8, best: 0.5 });
  expect(cpu).toEqual(wall);
  expect(median([3, 1, 2])).toBe(2);
});

test("equal means equal in every solution, by the size of the largest number", () => {
  const ours = [
    [0.5, 2],
    [0.4, 1],
  ];
  expect(requireEqual(ours, [ours[0]!, [0.40001, 1]], "step")).toBeCloseTo(1e-5, 12);
  expect(() => requireEqual(ours, [ours[0]!, [0.4002, 1]], "step")).toThrow(
    /step 2 differs .* nothing was timed/,
  );
  expect(() => requireEqual(ours, [[0.5], [0.4]], "step")).toThrow(/step 1 differs .*Infinity/);
  expect(() => requireEqual(ours, [[Number.NaN, 2], ours[1]!], "step")).toThrow(/step 1 differs/);
});

test("the exponent is the slope of least squares through the logarithms", () => {
  const at = (sizes: number[], time: (size: number) => number) =>
    exponentOf(sizes.map((size) => ({ size, milliseconds: time(size) })));
  expect(at([4, 8, 64], (n) => 3 * n ** 1.7)).toBeCloseTo(1.7, 12);
  // ln t = 0, 1, 1 at ln n = 0, 1, 2: the slope is 1/2.
  expect(at([1, Math.E, Math.E ** 2], (n) => Math.min(n, Math.E))).toBeCloseTo(0.5, 12);
});

test("tables have a cell for everything, blank where nothing was measured", () => {
  const step = { case: "a", work: "step", unit: "ms" } as const;
  const ratio = { median: 0.5, best: 0.75 };
  const rows = [
    { ...step, of: "langevin", amount: 1.234, cpu: 12.34 },
    { ...step, of: "pytorch", amount: 123.4, cpu: 234.5, ratio, cpuRatio: ratio, apart: 1.2e-6 },
    { ...step, of: "langevin", work: "memory", unit: "MB", amount: 512 } as const,
  ];
  expect(rowsMarkdown(rows)).toBe(
    [
      "| case | work | of | measured | cpu ms | ours/its | best | cpu | best cpu | differs by |",
      "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
      "| a | step | langevin | 1.23 ms | 12.3 |  |  |  |  |  |",
      "| a | step | pytorch | 123 ms | 235 | 0.50 | 0.75 | 0.50 | 0.75 | 1e-6 |",
      "| a | memory | langevin | 512 MB |  |  |  |  |  |  |",
    ].join("\n"),
  );
  expect(rowsTable(rows).split("\n")[2]).toMatch(
    /^a +step +pytorch +123 ms +235 +0\.50 +0\.75 +0\.50 +0\.75 +1e-6$/,
  );
});

describe("kernels of a profile", () => {
  const host = (name: string, dur: number, sizes: number[]) => ({
    cat: "Node",
    name: `${name}_kernel_time`,
    dur,
    args: { op_name: "Mul", output_type_shape: [{ float: sizes }] },
  });
  const gpu = (name: string, dur: number) => ({
    cat: "Api",
    name,
    dur,
    args: { shapes: "inputs[0] = {8} outputs[0] = {4,2} " },
  });
  const session = { cat: "Session", name: "model_run", dur: 9e6, args: {} };

  test("are the medians of each node's runs", () => {
    const events = [session, ...[1000, 9000, 2000].map((dur) => host("n7", dur, [4, 2]))];
    expect(kernelsOf(JSON.stringify(events), 3)).toEqual([
      { node: "n7", operator: "Mul", shape: "[4,2]", milliseconds: 2 },
    ]);
  });

  test("are a GPU's own programs where there are some, each as often as a run has it", () => {
    const programs = [1000, 1000, 1000, 3000].map((dur) => gpu("a&b&MatMul&Split", dur));
    const events = [host("a&b", 5, [4, 2]), ...programs, gpu("a&b&MatMul&Reduce", 500)];
    expect(kernelsOf(JSON.stringify(events), 2)).toEqual([
      { node: "a&b", operator: "MatMul", shape: "[4,2]", milliseconds: 2 },
      { node: "a&b", operator: "MatMul", shape: "[4,2]", milliseconds: 0.25 },
    ]);
  });
});

test.skipIf(!isLinux)("the peak memory of a process is its own", async () => {
  const held = 400e6;
  const code = `new Uint8Array(${held}).fill(1); console.log("held"); await Bun.stdin.text()`;
  const child = Bun.spawn([process.execPath, "-e", code], { stdin: "pipe", stdout: "pipe" });
  await child.stdout.getReader().read();
  const peak = (await peakMemory(child.pid))!;
  child.kill();
  expect(peak).toBeGreaterThan(held);
  // Bun itself takes less than a hundred megabytes.
  expect(peak).toBeLessThan(held + 150e6);
});
