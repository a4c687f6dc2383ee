// One measurement: of what, where, how often, and against whom.
import type { Host } from "../../lib/run/session.ts";
import type { Case, CaseName } from "./cases.ts";

export interface Measurement {
  readonly name: CaseName;
  readonly case: Case;
  readonly host: Host;
  readonly rounds: number;
  readonly threads: number;
  /** The Python of the peers; none compete without. */
  readonly python: string | undefined;
  /** Whether portable graphs stay out of it. */
  readonly alone: boolean;
}
