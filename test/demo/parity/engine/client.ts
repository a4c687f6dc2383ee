// Starts the worker.
export const startWorker = () => new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
