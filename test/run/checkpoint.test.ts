// Checkpoints are bit-exact, survive whatever interrupts a save, and a damaged one gives way to the one before it.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeSafetensors } from "../../lib/artifact/safetensors.ts";
import { UserError } from "../../lib/errors.ts";
import { loadNewestCheckpoint, saveCheckpoint } from "../../lib/run/checkpoint.ts";
import type { TrainingState } from "../../lib/run/checkpoint-files.ts";
import { readManifest } from "../../lib/run/folder.ts";
import { truncateMetrics } from "../../lib/run/metrics.ts";
import { readModelWeights, writeModel } from "../../lib/run/weights.ts";
import { failingFiles } from "../support/failing-files.ts";
import { oneVectorManifest, tinyManifest } from "../support/tiny-manifest.ts";

let run: string;
beforeEach(async () => {
  run = await fs.mkdtemp(join(tmpdir(), "langevin-checkpoint-"));
});
afterEach(() => fs.rm(run, { recursive: true, force: true }));

/** A vector in which every kind of float occurs: NaN with a payload, -0, infinities, subnormals. */
function vector(salt: number): Float32Array {
  const bits = Uint32Array.from({ length: 27 }, (_, i) => Math.imul(i + salt, 0x9e3779b9));
  bits.set([0x7fc12345, 0x80000000, 0x7f800000, 0xff800000, 1]);
  return new Float32Array(bits.buffer);
}

const bits = (floats: Float32Array | undefined) =>
  floats && [...new Uint32Array(floats.buffer, floats.byteOffset, floats.length)];

function stateAt(step: number): TrainingState {
  const tensors = { params: vector(step), ema: vector(step + 1), m: vector(step + 2), v: vector(step + 3) };
  return { step, seed: 7, skipped: 2, tensors };
}

function expectSame(found: TrainingState | undefined, expected: TrainingState): void {
  expect({ ...found, tensors: undefined }).toEqual({ ...expected, tensors: undefined } as never);
  for (const [name, floats] of Object.entries(expected.tensors)) {
    expect(bits(found?.tensors[name])).toEqual(bits(floats)!);
  }
}

const checkpoints = () => join(run, "checkpoints");
const listed = async () => (await fs.readdir(checkpoints())).sort();
const save = (step: number, keep?: number) => saveCheckpoint(run, tinyManifest, stateAt(step), keep);
const load = () => loadNewestCheckpoint(run, tinyManifest);

async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).not.toContain("\n");
  return message;
}

async function flip(path: string, at: number): Promise<void> {
  const bytes = await fs.readFile(path);
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
  await fs.writeFile(path, bytes);
}

describe("saving and loading", () => {
  test("every bit comes back", async () => {
    const path = await save(1000);
    expect(path).toBe(join(checkpoints(), "step-00001000"));
    const loaded = await load();
    expect(loaded).toMatchObject({ path, problems: [] });
    expectSame(loaded?.state, stateAt(1000));
  });

  test("whatever else a state has, and in whatever order", async () => {
    const { tensors, skipped, seed, step } = stateAt(1);
    const state = { loss: 3, tensors: { ...tensors, gradient: vector(9) }, skipped, seed, step };
    await saveCheckpoint(run, tinyManifest, state);
    expectSame((await load())?.state, stateAt(1));
  });

  test("the folder has diffusers' layout", async () => {
    const path = await save(5);
    expect((await fs.readdir(path, { recursive: true })).sort()).toEqual([
      "optimizer.safetensors",
      "trainer.json",
      "unet",
      "unet/config.json",
      "unet/diffusion_pytorch_model.safetensors",
      "unet_ema",
      "unet_ema/config.json",
      "unet_ema/diffusion_pytorch_model.safetensors",
    ]);
    expect(await Bun.file(join(path, "unet/config.json")).json()).toEqual(tinyManifest.model.config);
    expect(bits(await readModelWeights(path, tinyManifest))).toEqual(bits(vector(5))!);
  });

  test("the newest is loaded, the newest three are kept, by number and not by name", async () => {
    for (const step of [8, 9, 10, 99_999_999, 100_000_000]) await save(step);
    expect(await listed()).toEqual(["step-00000010", "step-100000000", "step-99999999"]);
    expect((await load())?.state.step).toBe(100_000_000);
  });

  test("at least the one just saved is kept", async () => {
    await save(1, 0);
    await save(2, 0);
    expect(await listed()).toEqual(["step-00000002"]);
  });

  test("a step that is saved again replaces the first", async () => {
    await save(1);
    await saveCheckpoint(run, tinyManifest, { ...stateAt(1), seed: 8 });
    expect((await load())?.state.seed).toBe(8);
    expect(await listed()).toEqual(["step-00000001"]);
  });

  test("a run without checkpoints has none", async () => {
    expect(await load()).toBeUndefined();
    await fs.mkdir(checkpoints());
    await fs.mkdir(join(checkpoints(), "notes"));
    expect(await load()).toBeUndefined();
    expect(await loadNewestCheckpoint(join(run, "nowhere"), tinyManifest)).toBeUndefined();
  });

  test("what a killed process left is swept at the next save, and never loaded", async () => {
    await save(1);
    await fs.rename(join(checkpoints(), "step-00000001"), join(checkpoints(), ".unfinished-step-00000001"));
    expect(await load()).toBeUndefined();
    await save(2);
    expect(await listed()).toEqual(["step-00000002"]);
  });

  test("a state of another length is our own mistake, and writes nothing", async () => {
    const state = stateAt(1);
    const short = { ...state, tensors: { ...state.tensors, m: new Float32Array(3) } };
    await expect(saveCheckpoint(run, tinyManifest, short)).rejects.toThrow(
      'state "m" expected 27 floats, got 3',
    );
    expect(await load()).toBeUndefined();
  });
});

describe("a damaged newest checkpoint", () => {
  const files = [
    "unet/config.json",
    "unet/diffusion_pytorch_model.safetensors",
    "unet_ema/config.json",
    "unet_ema/diffusion_pytorch_model.safetensors",
    "optimizer.safetensors",
    "trainer.json",
  ];
  const damages: readonly [string, (path: string) => Promise<void>][] = [
    ["one bit of its last byte", (path) => flip(path, -3)],
    ["one bit in its middle", (path) => flip(path, 40)],
    ["its tail cut off", (path) => fs.truncate(path, 30)],
    ["all of it", (path) => fs.rm(path)],
  ];
  const cases = files.flatMap((file) => damages.map(([what, damage]) => [file, what, damage] as const));

  test.each(cases)("%s, %s: told, and the previous one is used", async (file, _what, damage) => {
    await save(1);
    const path = join(await save(2), file);
    await damage(path);
    const loaded = await load();
    expectSame(loaded?.state, stateAt(1));
    expect(loaded?.problems).toHaveLength(1);
    expect(loaded?.problems[0]).toContain(path);
    expect(loaded?.problems[0]).toEndWith("; using step-00000001 instead");
    expect(loaded?.problems[0]).not.toContain("\n");
  });

  test("stays where it is while training goes on from before it, until its step comes again", async () => {
    await save(1);
    await flip(join(await save(3), "optimizer.safetensors"), -1);
    await save(2, 1);
    expect(await listed()).toEqual(["step-00000002", "step-00000003"]);
    expect((await load())?.state.step).toBe(2);
    await save(3);
    expect((await load())?.state.step).toBe(3);
  });

  test("and no other: refused, with the reason", async () => {
    await flip(join(await save(1), "trainer.json"), 20);
    await flip(join(await save(2), "optimizer.safetensors"), -1);
    expect(await refusal(load())).toMatch(/no usable checkpoint \(of 2\).*step-00000002.*checksum differs/);
  });

  test("a record that says something else than was saved", async () => {
    const path = join(await save(1), "trainer.json");
    await fs.writeFile(path, (await fs.readFile(path, "utf8")).replace('"seed": 7', '"seed": 6'));
    expect(await refusal(load())).toContain("trainer.json: checksum differs");
  });

  test("a checkpoint under another step's name", async () => {
    await fs.rename(await save(1), join(checkpoints(), "step-00000002"));
    expect(await refusal(load())).toContain("is of step 1");
  });

  test("a checkpoint of another model", async () => {
    await save(1);
    expect(await refusal(loadNewestCheckpoint(run, oneVectorManifest(27)))).toContain(
      "belongs to another model",
    );
  });
});

describe("an interrupted save", () => {
  /** No folder under a checkpoint's name lacks any of its files. */
  async function expectWhole(): Promise<void> {
    for (const name of (await listed()).filter((each) => each.startsWith("step-"))) {
      expect([name, (await fs.readdir(join(checkpoints(), name), { recursive: true })).length]).toEqual([
        name,
        8,
      ]);
    }
  }

  /** Fails at operation 0, 1, 2… until a save gets through; `after` looks at the folder after each. */
  async function interruptEverywhere(
    mode: "once" | "from then on",
    after: (saved: boolean, message: string) => Promise<void>,
  ): Promise<number> {
    for (let operation = 0; ; operation++) {
      await fs.rm(checkpoints(), { recursive: true, force: true });
      await save(1, 2);
      await save(2, 2);
      let message = "";
      {
        using _ = failingFiles(operation, mode);
        await save(3, 2).catch((error: unknown) => {
          expect(error).toBeInstanceOf(UserError);
          message = (error as UserError).message;
        });
      }
      await expectWhole();
      await after(message === "", message);
      if (message === "") return operation;
    }
  }

  test("by an error at any file operation: told in one line, earlier checkpoints whole, nothing left over", async () => {
    const operations = await interruptEverywhere("once", async (saved, message) => {
      const loaded = await load();
      expect(loaded?.problems).toEqual([]);
      expect([2, 3]).toContain(loaded?.state.step as number);
      expectSame(loaded?.state, stateAt(loaded?.state.step ?? 0));
      if (saved) return;
      expect(message).toMatch(/step-00000003.*EIO: i\/o error/);
      if (message.includes("untouched")) expect(await listed()).toContain("step-00000001");
      if (!message.endsWith(", rm"))
        expect((await listed()).filter((name) => name.startsWith("."))).toEqual([]);
    });
    expect(operations).toBeGreaterThan(25); // 6 files are opened, written, flushed; folders made, flushed, renamed
  }, 60_000);

  test("by a kill at any file operation: the newest whole one loads, the next save tidies up", async () => {
    await interruptEverywhere("from then on", async () => {
      const loaded = await load();
      expect(loaded?.problems).toEqual([]);
      expectSame(loaded?.state, stateAt(loaded?.state.step ?? 0));
      await save(4, 2);
      expect((await listed()).filter((name) => name.startsWith("."))).toEqual([]);
      expect((await load())?.state.step).toBe(4);
    });
  }, 60_000);

  test("by a file where the folder should be", async () => {
    await fs.writeFile(checkpoints(), "");
    expect(await refusal(save(1))).toMatch(/cannot save checkpoint .*step-00000001.*(EEXIST|ENOTDIR)/);
    expect(await refusal(load())).toContain("ENOTDIR");
  });
});

describe("a save in a process of its own", () => {
  const script = Bun.fileURLToPath(import.meta.resolve("../support/save-checkpoint.ts"));
  const large = oneVectorManifest(2 ** 18);

  function shell(command: string) {
    return Bun.spawnSync(["bash", "-c", command, "bash", process.execPath, script, run]);
  }

  async function expectOnlyStepOne(): Promise<void> {
    expect(await listed()).toEqual(["step-00000001"]);
    const loaded = await loadNewestCheckpoint(run, large);
    expect(loaded?.state.step).toBe(1);
    expect(loaded?.state.tensors.v?.[70_000]).toBe(70_000);
  }

  test("a limit on file sizes, met half way: one line, the earlier checkpoint loads", async () => {
    await saveCheckpoint(run, large, largeState(1));
    // The optimizer's file has 2 MiB; the limit is in KiB, and its signal must not kill.
    const { stdout } = shell(`trap '' XFSZ; ulimit -f 1500; exec "$1" "$2" "$3" 2`);
    expect(stdout.toString()).toMatch(/^UserError: cannot save checkpoint .*step-00000002.*EFBIG.*\n$/);
    await expectOnlyStepOne();
  }, 60_000);

  test("SIGKILL while it writes: the earlier checkpoint loads", async () => {
    await saveCheckpoint(run, large, largeState(1));
    const child = Bun.spawn([process.execPath, script, run, "2"], { stdout: "ignore" });
    const beginning = join(checkpoints(), ".unfinished-step-00000002", "unet");
    while (!(await fs.exists(beginning)) && child.exitCode === null) await Bun.sleep(1);
    child.kill("SIGKILL");
    await child.exited;
    const loaded = await loadNewestCheckpoint(run, large);
    expect(loaded?.problems).toEqual([]);
    expect([1, 2]).toContain(loaded?.state.step as number);
  }, 60_000);

  const mount = "mount -t tmpfs -o size=6m none";
  const mayMount = Bun.spawnSync(["unshare", "-rm", "bash", "-c", `${mount} /mnt`], {
    stderr: "ignore",
  }).success;
  const name = "a full disk: one line, the earlier checkpoint loads";
  test.skipIf(!mayMount)(
    mayMount ? name : `${name} (skipped: no permission to mount a small tmpfs)`,
    async () => {
      // 4 MiB each, so the second does not fit; then the disk is copied out, for it goes with the process.
      const { stdout } = Bun.spawnSync([
        ...["unshare", "-rm", "bash", "-c"],
        `mkdir "$3/disk" && ${mount} "$3/disk" && "$1" "$2" "$3/disk" 1 2 && cp -r "$3/disk/checkpoints" "$3/"`,
        ...["bash", process.execPath, script, run],
      ]);
      expect(stdout.toString()).toMatch(
        /^saved 1\nUserError: cannot save checkpoint .*step-00000002.*ENOSPC.*\n$/,
      );
      await expectOnlyStepOne();
    },
    60_000,
  );

  function largeState(step: number): TrainingState {
    const ramp = Float32Array.from({ length: large.parameterCount }, (_, i) => i);
    return { step, seed: 1, skipped: 0, tensors: { params: ramp, ema: ramp, m: ramp, v: ramp } };
  }
});

describe("a model folder", () => {
  const weights = () => join(run, "unet", "diffusion_pytorch_model.safetensors");

  test("is written and read bit for bit, and not overwritten", async () => {
    await writeModel(run, tinyManifest, vector(3));
    expect(bits(await readModelWeights(run, tinyManifest))).toEqual(bits(vector(3))!);
    expect(await refusal(writeModel(run, tinyManifest, vector(3)))).toContain("EEXIST");
  });

  test("of another model: refused by name", async () => {
    await writeModel(run, oneVectorManifest(27), vector(3));
    expect(await refusal(readModelWeights(run, tinyManifest))).toContain("1 unexpected: weight");
  });

  test("missing, empty, cut or overlong weights", async () => {
    expect(await refusal(readModelWeights(run, tinyManifest))).toContain("ENOENT");
    await writeModel(run, tinyManifest, vector(3));
    const whole = await fs.readFile(weights());
    for (const bytes of [whole.subarray(0, 0), whole.subarray(0, -1), Buffer.concat([whole, Buffer.of(0)])]) {
      await fs.writeFile(weights(), bytes);
      expect(await refusal(readModelWeights(run, tinyManifest))).toContain(
        "not a safetensors file this build reads",
      );
    }
  });

  test("with other metadata and order, as another program would write it", async () => {
    const { parameters } = tinyManifest;
    const tensors = parameters.map(({ name, shape, offset }) => {
      const size = shape.reduce((a, b) => a * b, 1);
      return [name, { dtype: "F32", shape, data: vector(3).slice(offset, offset + size) } as const] as const;
    });
    await fs.mkdir(join(run, "unet"));
    await fs.writeFile(weights(), encodeSafetensors(new Map(tensors.reverse()), {}));
    expect(bits(await readModelWeights(run, tinyManifest))).toEqual(bits(vector(3))!);
  });
});

describe("a run's other files", () => {
  test("the manifest is read, and what is missing or no JSON is told", async () => {
    expect(await refusal(readManifest(run))).toMatch(/manifest\.json.*ENOENT/);
    await fs.writeFile(join(run, "manifest.json"), "{");
    expect(await refusal(readManifest(run))).toContain("expected JSON");
    await fs.writeFile(join(run, "manifest.json"), JSON.stringify({ ...tinyManifest, version: 9 }));
    expect(await refusal(readManifest(run))).toContain("manifest version 9");
    await fs.writeFile(join(run, "manifest.json"), JSON.stringify(tinyManifest));
    expect(await readManifest(run)).toEqual(tinyManifest);
  });

  test("metrics lose the lines after a step", async () => {
    const path = join(run, "metrics.jsonl");
    await truncateMetrics(path, 1);
    expect(await fs.exists(path)).toBe(false);
    await fs.writeFile(path, '{"step":1}\n{"step":2}\n{"st');
    await truncateMetrics(path, 1);
    expect(await fs.readFile(path, "utf8")).toBe('{"step":1}\n');
    expect(await fs.readdir(run)).toEqual(["metrics.jsonl"]);
  });
});
