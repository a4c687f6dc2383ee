// The demo's server and its static files: what is listed is served, rightly labelled, and nothing else is.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, readdir } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { policyForMeta, securityHeaders } from "../../scripts/demo/server/headers.ts";
import { type Served, serve } from "../../scripts/demo/server/serve.ts";
import { openSite, type Site } from "../../scripts/demo/server/site.ts";
import { writeSite } from "../../scripts/demo/server/write.ts";
import { runScript, startScript } from "../support/script.ts";
import { TemporaryFolder } from "../support/temporary-folder.ts";

const root = join(import.meta.dir, "../..");

/** A page like the demo's, in small. */
const sources = {
  "page/index.html": `<!doctype html><html lang="en"><head><title>small</title>
    <link rel="stylesheet" href="./page.css" /><script type="module" src="./main.tsx"></script></head></html>`,
  "page/page.css": "body { margin: 0; }",
  "page/main.tsx": `import { worker } from "./engine/client.ts"; worker.postMessage("${"long ".repeat(500)}");`,
  "page/engine/client.ts": `export const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });`,
  "page/engine/worker.ts": `addEventListener("message", async () => (await import("./later.ts")).later());`,
  "page/engine/later.ts": `export const later = () => postMessage("later");`,
  "models/digits/manifest.json": "{}",
  "models/digits/model.onnx": "graph",
  "models/digits/.hidden": "secret",
  "secret.txt": "secret",
};

function writeSources(folder: TemporaryFolder, changes: Readonly<Record<string, string>> = {}) {
  for (const [name, text] of Object.entries({ ...sources, ...changes })) folder.write(name, text);
  return { page: join(folder.path, "page"), models: join(folder.path, "models") };
}

let folder: TemporaryFolder;
let site: Site;
let server: Served;
beforeAll(async () => {
  folder = new TemporaryFolder();
  site = await openSite(writeSources(folder));
  server = serve(site, { host: "localhost", port: 0 });
});
afterAll(() => {
  server[Symbol.dispose]();
  folder[Symbol.dispose]();
});

const get = (path: string, init?: BunFetchRequestInit) => fetch(`${server.address}${path}`, init);
const withoutHash = (name: string) => name.replace(/^([^/]+)-[0-9a-z]{8}\./, "$1-HASH.");
const named = (pattern: RegExp) => [...site.keys()].find((name) => pattern.test(name))!;

/** The status of a request whose path is sent as it is, which `fetch` would tidy up. */
const rawStatus = (path: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.address);
    const socket = connect(Number(port), hostname, () =>
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\nConnection: close\r\n\r\n`),
    );
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.on("end", () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
    socket.on("error", reject);
  });

test("the list holds the bundle, the two runtimes and the models, and nothing besides", () => {
  expect([...site.keys()].map(withoutHash).sort()).toEqual([
    "index-HASH.css",
    "index-HASH.js",
    "index.html",
    "later-HASH.js",
    "models/digits/manifest.json",
    "models/digits/model.onnx",
    "ort/ort-wasm-simd-threaded.asyncify.mjs",
    "ort/ort-wasm-simd-threaded.asyncify.wasm",
    "ort/ort-wasm-simd-threaded.mjs",
    "ort/ort-wasm-simd-threaded.wasm",
    "worker-HASH.js",
  ]);
});

test("the page names its files, and its script the worker", async () => {
  const html = await (await get("")).text();
  const [style, script] = [named(/\.css$/), named(/^index.*\.js$/)];
  expect(html).toContain(`href="./${style}"`);
  expect(html).toContain(`src="./${script}"`);
  expect(await (await get(script)).text()).toContain(`"./${named(/^worker/)}"`);
});

test("a change in the worker changes its name and its page's script, not the style sheet", async () => {
  using other = new TemporaryFolder();
  const changed = await openSite(
    writeSources(other, { "page/engine/later.ts": "export const later = () => 7;" }),
  );
  const kept = [...changed.keys()].filter((name) => site.has(name));
  expect(
    kept
      .filter((name) => !/^(ort|models)\//.test(name))
      .map(withoutHash)
      .sort(),
  ).toEqual(["index-HASH.css", "index.html"]);
});

test.each([
  [/^index\.html$/, "text/html; charset=utf-8"],
  [/^index.*\.js$/, "text/javascript; charset=utf-8"],
  [/\.css$/, "text/css; charset=utf-8"],
  [/asyncify\.mjs$/, "text/javascript; charset=utf-8"],
  [/threaded\.wasm$/, "application/wasm"],
  [/manifest\.json$/, "application/json"],
  [/\.onnx$/, "application/octet-stream"],
])("%p is %s, with every header of protection", async (pattern, type) => {
  const { status, headers } = await get(named(pattern), { method: "HEAD" });
  expect({ status, type: headers.get("Content-Type") }).toEqual({ status: 200, type });
  for (const [name, value] of Object.entries(securityHeaders)) expect(headers.get(name)).toBe(value);
});

test("nothing of the page may be inline, evaluated, framed or fetched from a server without TLS", () => {
  const directives = new Map(
    securityHeaders["Content-Security-Policy"].split("; ").map((directive) => {
      const [name, ...allowed] = directive.split(" ");
      return [name, allowed.join(" ")];
    }),
  );
  expect(Object.fromEntries(directives)).toMatchObject({
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",
    "style-src": "'self'",
    "worker-src": "'self'",
    "connect-src": "'self' https:",
    "frame-ancestors": "'none'",
  });
  expect(securityHeaders).toMatchObject({
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
  });
});

test.each([
  "/secret.txt",
  "/../secret.txt",
  "/models/../../secret.txt",
  "/%2e%2e/secret.txt",
  "/..%2fsecret.txt",
  "/models/digits/..%2f..%2f..%2fsecret.txt",
  "/..\\secret.txt",
  "/models/digits/.hidden",
  "/models/digits/",
  "/models/digits",
  "//secret.txt",
  "/page/main.tsx",
  "/main.tsx",
  "/etc/passwd",
  "//etc/passwd",
  "/index.html/",
  "/index.html%00",
  "/INDEX.HTML",
  "/package.json",
  "/constructor",
])("%s is not there", async (path) => {
  expect(await rawStatus(path)).toBe(404);
});

test("a path that leads back to a listed file is that file", async () => {
  expect(await rawStatus("/ort/../index.html")).toBe(200);
  expect(await rawStatus("/index.html?question")).toBe(200);
});

test.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])("%s is refused", async (method) => {
  const { status, headers } = await get("", { method });
  expect({ status, allow: headers.get("Allow") }).toEqual({ status: 405, allow: "GET, HEAD" });
});

test("HEAD answers GET's headers and no body", async () => {
  const [head, full] = await Promise.all([get("", { method: "HEAD" }), get("")]);
  const listed = ({ headers }: Response) =>
    Object.fromEntries([...headers].filter(([name]) => name !== "date"));
  expect(listed(head)).toEqual(listed(full));
  expect([(await head.text()).length, (await full.text()).length > 100]).toEqual([0, true]);
});

describe("caching and compression", () => {
  const encoding = async (path: string, accepted: string) => {
    const response = await get(path, { headers: { "Accept-Encoding": accepted }, decompress: false });
    return { encoding: response.headers.get("Content-Encoding"), bytes: await response.bytes() };
  };

  test("names with a hash are good for ever, others are asked for again", async () => {
    const forever = "public, max-age=31536000, immutable";
    for (const [name, expected] of [
      [named(/^worker/), forever],
      ["index.html", "no-cache"],
      ["ort/ort-wasm-simd-threaded.wasm", "no-cache"],
      ["models/digits/model.onnx", "no-cache"],
    ] as const)
      expect((await get(name, { method: "HEAD" })).headers.get("Cache-Control")).toBe(expected);
  });

  test("a browser that has the version gets no second copy", async () => {
    const tag = (await get("models/digits/model.onnx")).headers.get("ETag")!;
    const again = await get("models/digits/model.onnx", { headers: { "If-None-Match": `W/"old", ${tag}` } });
    expect([again.status, await again.text(), again.headers.get("ETag")]).toEqual([304, "", tag]);
    const other = await get("models/digits/model.onnx", { headers: { "If-None-Match": 'W/"old"' } });
    expect([other.status, await other.text()]).toEqual([200, "graph"]);
  });

  test("text travels compressed to those who take it", async () => {
    const script = named(/^index.*\.js$/);
    const [plain, zipped] = [await encoding(script, "identity"), await encoding(script, "br, gzip")];
    expect([plain.encoding, zipped.encoding]).toEqual([null, "gzip"]);
    expect(zipped.bytes.length).toBeLessThan(plain.bytes.length / 2);
    expect(Bun.gunzipSync(zipped.bytes)).toEqual(plain.bytes);
    expect((await encoding(script, "gzip;q=0")).encoding).toBeNull();
    expect((await encoding("models/digits/model.onnx", "gzip")).encoding).toBeNull();
  });
});

describe("static files", () => {
  test("are those of the site, and the page brings its policy along", async () => {
    const out = join(folder.path, "dist");
    await writeSite(site, out);
    const files = (await readdir(out, { recursive: true, withFileTypes: true })).filter((each) =>
      each.isFile(),
    );
    expect(files.length).toBe(site.size);
    for (const [name, { body }] of site)
      if (name !== "index.html") expect(await Bun.file(join(out, name)).bytes()).toEqual(await body.bytes());
    const html = await Bun.file(join(out, "index.html")).text();
    expect(html).toStartWith(
      `<!doctype html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="${policyForMeta}" />`,
    );
    expect(policyForMeta).not.toContain("frame-ancestors");
    // Relative names alone work below any path.
    expect(html.match(/(?:href|src)="(?!\.\/)[^"]*"/g)).toBeNull();
  });

  test("are not mixed with what is there", async () => {
    const out = join(folder.path, "full");
    await mkdir(out);
    await Bun.write(join(out, "mine.txt"), "mine");
    expect(writeSite(site, out)).rejects.toThrow(`${out} is not empty; remove it, or choose another folder`);
    expect(writeSite(site, join(out, "mine.txt"))).rejects.toThrow("as a folder (ENOTDIR)");
  });
});

test.each([
  [
    "a missing module",
    { "page/main.tsx": `import "./nowhere.ts";` },
    /Could not resolve: ".\/nowhere.ts" \(\S*main.tsx:1:\d+\)$/,
  ],
  [
    "a syntax error",
    { "page/engine/worker.ts": "const = 3;" },
    /Expected identifier.* \(\S*worker.ts:1:\d+\)$/,
  ],
])("%s is told as one line", async (_what, changes, line) => {
  using broken = new TemporaryFolder();
  const failure = openSite(writeSources(broken, changes)).catch((cause: Error) => cause.message);
  expect(await failure).toMatch(/^cannot build the page: [^\n]*$/);
  expect(await failure).toMatch(line);
});

test("a port in use is told, or the next one taken where none was asked for", () => {
  const port = Number(new URL(server.address).port);
  expect(() => serve(site, { host: "localhost", port })).toThrow(
    new RegExp(`cannot listen on localhost, port ${port}: .*; choose another --port`),
  );
  using first = serve(site, { host: "localhost", port: undefined });
  using second = serve(site, { host: "localhost", port: undefined });
  expect(Number(new URL(second.address).port)).toBeGreaterThan(Number(new URL(first.address).port));
});

describe("the command", () => {
  test("serves the page until it is interrupted", async () => {
    const child = startScript("demo", ["--port", "0", "--json"]);
    const reader = child.stdout.getReader();
    const { address } = JSON.parse(new TextDecoder().decode((await reader.read()).value)) as {
      address: string;
    };
    expect(address).toMatch(/^http:\/\/localhost:\d+\/$/);
    expect(await (await fetch(address)).text()).toContain("<title>langevin");
    child.kill("SIGINT");
    const stderr = await new Response(child.stderr).text();
    expect({ code: await child.exited, stderr }).toEqual({ code: 0, stderr: "Ctrl-C ends it\n" });
  });

  test("refuses a port that is in use", async () => {
    const { port } = new URL(server.address);
    const { code, stdout, stderr } = await runScript("demo", ["--port", port]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^demo: cannot listen on localhost, port \d+: [^\n]*\n$/);
  });
});

test("the page's own script and style stay within 250 KB compressed", async () => {
  const { page, models } = { page: join(root, "scripts/demo"), models: join(root, "assets/models") };
  const own = [...(await openSite({ page, models }))].filter(
    ([name]) => /^[^/]+\.(js|css)$/.test(name) && !/^ort\.\w+\.min-/.test(name),
  );
  const sizes = await Promise.all(own.map(async ([, { body }]) => Bun.gzipSync(await body.bytes()).length));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(250_000);
});
