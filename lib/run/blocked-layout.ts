// Finds out which blocked layout, if any, ONNX Runtime's CPU kernels have on this machine.
import type * as ort from "onnxruntime-common";
import { blockOf, type LoweringName, loweringNames } from "../artifact/lowering.ts";

/** The model y = ToBlocked(x) for x [1,16,1,2]: test/run/blocked-layout.test.ts says how it is made. */
const base64 =
  "CAoSCGxhbmdldmluOnIKLAoBeBIBeRoBeSIMUmVvcmRlcklucHV0OhNjb20ubWljcm9zb2Z0Lm5jaHdjEghsYW5nZXZpblobCgF4EhYKFAgBEhAKAggBCgIIEAoCCAEKAggCYhsKAXkSFgoUCAESEAoCCAEKAggQCgIIAQoCCAJCBAoAEBVCFwoTY29tLm1pY3Jvc29mdC5uY2h3YxAB";

export const reorderingModel = (): Uint8Array =>
  Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/**
 * Reorders a ramp to see how many channels stand beside each other. Undefined where the runtime lacks the operators, which are internal
 * to it, or blocks otherwise: graphs of standard operators then do.
 */
export async function blockedLayout(
  { InferenceSession, Tensor }: Pick<typeof ort, "InferenceSession" | "Tensor">,
  sessionOptions: ort.InferenceSession.SessionOptions,
): Promise<LoweringName | undefined> {
  try {
    const session = await InferenceSession.create(reorderingModel(), sessionOptions);
    const { y } = await session.run({
      x: new Tensor(
        "float32",
        Float32Array.from({ length: 32 }, (_, i) => i),
        [1, 16, 1, 2],
      ),
    });
    await session.release();
    // Number 1 is the second pixel of the first channel: a block further on.
    const block = Array.from(y!.data as Float32Array).indexOf(1);
    return loweringNames.find((name) => blockOf[name] === block);
  } catch {
    return undefined;
  }
}
