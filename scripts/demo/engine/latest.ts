// Work of which only the latest counts: a new piece stops the one before it and waits until that has ended.

export class Latest {
  private number = 0;
  private last: Promise<unknown> = Promise.resolve();

  /** Does the work, which looks now and then whether it is replaced; undefined where it was before it began. */
  run<T>(work: (replaced: () => boolean) => Promise<T>): Promise<T | undefined> {
    const number = ++this.number;
    const replaced = () => number !== this.number;
    const begun = this.last.then(() => (replaced() ? undefined : work(replaced)));
    this.last = begun.catch(() => {});
    return begun;
  }

  /** Resolves when nothing is under way. */
  get ended(): Promise<unknown> {
    return this.last;
  }

  /** Stops what is under way, and resolves when it has ended. */
  async stop(): Promise<void> {
    this.number++;
    await this.last;
  }
}
