// A queue of work that must not overlap, such as the runs of a device.

/** One piece of work at a time, in the order in which they were asked for. */
export class Queue {
  private last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => {});
    return result;
  }
}
