// The laws that the manifest names for numbers to start from: parameters, and chains of Langevin dynamics.
import { z } from "zod";

export const initialisationSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("uniform"), bound: z.number().nonnegative() }),
  z.strictObject({ kind: z.literal("normal"), std: z.number().nonnegative() }),
  z.strictObject({ kind: z.literal("constant"), value: z.number() }),
]);

/** Independent numbers: uniform on [-bound, bound), normal around 0, or all the same. */
export type Initialisation = Readonly<z.infer<typeof initialisationSchema>>;
