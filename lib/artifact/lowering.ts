// For whom an artifact's graphs are written besides everybody: every graph is there in standard operators.

/** ONNX Runtime's layout of images for the CPU, in blocks of 8 or 16 channels; for WebGPU, few kernels; for WebAssembly, few multiplications. */
export const loweringNames = ["cpu-nchwc8", "cpu-nchwc16", "webgpu", "wasm"] as const;

export type LoweringName = (typeof loweringNames)[number];

/** Channels of one block, where images are in blocks. */
export const blockOf: { readonly [K in LoweringName]?: number } = { "cpu-nchwc8": 8, "cpu-nchwc16": 16 };
