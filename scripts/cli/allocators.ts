// How memory is got and kept: what the allocators of a process read from its environment when it starts.

/** On Linux a training step takes 0.85 to 0.95 of the time with both, and a large evaluation 0.97. */
const settings: NodeJS.ProcessEnv = {
  // glibc, from which ONNX Runtime has its arena: pages of 2 MB.
  GLIBC_TUNABLES: "glibc.malloc.hugetlb=1",
  // Bun, which holds the state: what a step frees waits ten seconds for the next step before the system has it back.
  MIMALLOC_PURGE_DELAY: "10000",
};

/** Starts this process once more, as the same command, unless its environment has the settings or others in their place. */
export function startWithSettings(): void {
  const started = Object.keys(settings).every((name) => name in process.env);
  if (started || process.platform !== "linux") return;
  const command = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  try {
    process.execve?.(process.execPath, command, { ...settings, ...process.env });
  } catch {
    // Where processes may not be started the command is slower, nothing else.
  }
}

/** The environment that this command was started in. */
export function givenEnvironment(): NodeJS.ProcessEnv {
  const given = Object.entries(process.env).filter(([name, value]) => settings[name] !== value);
  return Object.fromEntries(given);
}
