// When a training reads what its steps answered: on a GPU not after each, since the device has nothing to do while it waits to be read.

/** Between two readings, so that whoever watches sees it move. */
const longest = 0.1;
/** Steps whose number this divides are read, so that what is done every so many steps is done right after such a one. */
const most = 10;

export interface Rhythm {
  /** Whether to read after step number `step`, the last of `waiting` that were not read. */
  reads(step: number, waiting: number): boolean;
  /** Told the seconds that each of the steps took that were read last. */
  took(seconds: number): void;
}

export const everyStep: Rhythm = { reads: () => true, took: () => {} };

/** Reads as many steps at once as take a tenth of a second by the last ones, ten at most. */
export class SeldomReading implements Rhythm {
  private fitting = 1;

  reads(step: number, waiting: number): boolean {
    return waiting >= this.fitting || step % most === 0;
  }

  took(seconds: number): void {
    this.fitting = Math.floor(longest / seconds);
  }
}
