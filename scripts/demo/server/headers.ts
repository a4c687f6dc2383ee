// What the server says with every file: where its contents may come from and that nothing else shares its process.

/** WebAssembly is compiled; models may be fetched from any address; small pictures of the style sheet are data. */
const policy = {
  "default-src": "'none'",
  "script-src": "'self' 'wasm-unsafe-eval'",
  "worker-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self' data: blob:",
  "font-src": "'self'",
  "connect-src": "'self' https:",
  "base-uri": "'none'",
  "form-action": "'none'",
};

const text = (directives: Readonly<Record<string, string>>): string =>
  Object.entries(directives)
    .map(([name, sources]) => `${name} ${sources}`)
    .join("; ");

/** The policy for a page without a server of ours; who may frame it is a header's to say. */
export const policyForMeta = text(policy);

/** A page that is isolated from other origins may share memory between threads. */
export const securityHeaders = {
  "Content-Security-Policy": text({ ...policy, "frame-ancestors": "'none'" }),
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};
