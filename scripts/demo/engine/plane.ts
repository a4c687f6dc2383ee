// The engine of the plane: which density is open, which network learns it, and which particles move.
import { UserError } from "../../../lib/errors.ts";
import { Queue } from "../../../lib/run/queue.ts";
import type { Host } from "../../../lib/run/session.ts";
import type { Denoise } from "../../../lib/theory/solvers/solver.ts";
import { Latest } from "./latest.ts";
import { nextTurn } from "./next-turn.ts";
import { planeField } from "./plane-field.ts";
import { PlaneNetwork } from "./plane-network.ts";
import { guidedTo, planeFrames, trueDenoise } from "./plane-sampling.ts";
import { openSubject, type Subject } from "./plane-subject.ts";
import type {
  FieldRequest,
  FieldSource,
  NetworkInfo,
  PlaneEngine,
  PlaneField,
  PlaneFrame,
  PlaneInfo,
  PlaneSampling,
  PlaneSetup,
  TrainingProgress,
} from "./protocol.ts";

/** The engine of the plane; `start` loads ONNX Runtime when a network is authored, and not before. */
export const planeEngine = (start: () => Promise<Host>): PlaneEngine => new Plane(start);

/** A newer request has taken a sampling's place. */
class Superseded extends Error {}

class Plane implements PlaneEngine {
  private readonly start: () => Promise<Host>;
  private subject: Subject | undefined;
  private network: PlaneNetwork | undefined;
  private readonly training = new Latest();
  /** The request that each panel shows. */
  private readonly panels = new Map<number, PlaneSampling>();
  // What changes the density or the network comes one after another.
  private readonly changes = new Queue();

  constructor(start: () => Promise<Host>) {
    this.start = start;
  }

  open(setup: PlaneSetup): Promise<PlaneInfo> {
    return this.changes.run(async () => {
      const subject = await openSubject(setup);
      await this.forget();
      this.panels.clear();
      this.subject = subject;
      return subject.info;
    });
  }

  author(): Promise<NetworkInfo> {
    return this.changes.run(async () => {
      const subject = this.opened();
      await this.forget();
      this.network = await PlaneNetwork.author(await this.start(), subject);
      return this.network.info;
    });
  }

  async train(to: number, report: (progress: TrainingProgress) => void): Promise<void> {
    const network = this.authored();
    await this.training.run((replaced) => network.train(to, report, replaced));
  }

  pause(): Promise<void> {
    return this.training.stop();
  }

  async sample(request: PlaneSampling, show: (frame: PlaneFrame) => void): Promise<boolean> {
    this.panels.set(request.panel, request);
    const current = () => this.panels.get(request.panel) === request;
    const subject = this.opened();
    const moving = this.denoiser(request.source);
    const { guidance } = request;
    const guided = guidance ? guidedTo(subject, moving, guidance) : moving;
    const denoise: Denoise = async (x, sigmas) => {
      await nextTurn();
      if (!current()) throw new Superseded();
      return guided(x, sigmas);
    };
    try {
      for await (const frame of planeFrames(subject, denoise, request)) show(frame);
      return current();
    } catch (error) {
      if (error instanceof Superseded) return false;
      throw error;
    }
  }

  async field(request: FieldRequest): Promise<PlaneField> {
    return planeField(this.opened(), request, request.source === "learned" ? this.authored() : undefined);
  }

  private denoiser(source: FieldSource): Denoise {
    return source === "learned" ? this.authored().denoise : trueDenoise(this.opened());
  }

  private opened(): Subject {
    if (!this.subject) throw new UserError("plane: no density is open");
    return this.subject;
  }

  private authored(): PlaneNetwork {
    if (!this.network) throw new UserError("plane: there is no network yet; author one");
    return this.network;
  }

  /** Ends training and what follows the network, and lets go of it. */
  private async forget(): Promise<void> {
    await this.pause();
    for (const [panel, { source }] of this.panels) if (source === "learned") this.panels.delete(panel);
    const { network } = this;
    this.network = undefined;
    await network?.[Symbol.asyncDispose]();
  }
}
