// Measuring several programs in turn, so that what else the machine does hits all of them alike.

export interface Timing {
  /** Wall-clock and processor time of all threads, in milliseconds. */
  readonly wall: number;
  readonly cpu: number;
}

export interface Contestant {
  readonly name: string;
  run(): Promise<Timing>;
}

/** Times a piece of work of this process: once, or the mean of so many times in a row. */
export async function timed(work: () => Promise<unknown>, repeats = 1): Promise<Timing> {
  const [began, used] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < repeats; i++) await work();
  const { user, system } = process.cpuUsage(used);
  return { wall: (performance.now() - began) / repeats, cpu: (user + system) / 1000 / repeats };
}

/** So that the threads of the last one have stopped waiting for work. */
const pause = 50;

/** The timings of each contestant after two rounds to warm up; every other round goes the other way. */
export async function interleaved(contestants: readonly Contestant[], rounds: number): Promise<Timing[][]> {
  const timings = contestants.map((): Timing[] => []);
  for (let round = -2; round < rounds; round++) {
    const order = round % 2 === 0 ? [...contestants.keys()] : [...contestants.keys()].reverse();
    for (const i of order) {
      await Bun.sleep(pause);
      const timing = await contestants[i]!.run();
      if (round >= 0) timings[i]!.push(timing);
    }
  }
  return timings;
}

export const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!;

/** The middle of some rounds, by wall-clock and by processor time. */
export const medians = (timings: readonly Timing[]): Timing => ({
  wall: median(timings.map(({ wall }) => wall)),
  cpu: median(timings.map(({ cpu }) => cpu)),
});

/** One contestant's time by another's: the median of the rounds' ratios, and the ratio of the shortest. */
export function ratios(ours: readonly Timing[], theirs: readonly Timing[]) {
  const of = (what: keyof Timing) => ({
    median: median(ours.map((each, i) => each[what] / theirs[i]![what])),
    best: Math.min(...ours.map((each) => each[what])) / Math.min(...theirs.map((each) => each[what])),
  });
  return { wall: of("wall"), cpu: of("cpu") };
}
