// For whom an artifact's graphs are written besides everybody: every graph is there in standard operators.

/** ONNX Runtime's layout of images for the CPU, in blocks of 8 or 16 channels. */
export const loweringNames = ["cpu-nchwc8", "cpu-nchwc16"] as const;

export type LoweringName = (typeof loweringNames)[number];

/** Channels of one block. */
export const blockOf: Readonly<Record<LoweringName, number>> = { "cpu-nchwc8": 8, "cpu-nchwc16": 16 };
