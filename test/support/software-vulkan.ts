// A software Vulkan driver for tests of the WebGPU provider on machines without a GPU.
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Where Debian's chromium package keeps SwiftShader; a driver that the environment names comes first. */
const driver = process.env.VK_ICD_FILENAMES ?? "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Why WebGPU tests cannot run here, or undefined. */
export const noVulkan = existsSync(driver)
  ? undefined
  : `no software Vulkan driver at ${driver} (Debian: chromium)`;

/** The environment of a process that is to find the driver; it must be set before the process starts. */
export const vulkanEnvironment = {
  ...process.env,
  VK_ICD_FILENAMES: driver,
  XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? tmpdir(),
};
