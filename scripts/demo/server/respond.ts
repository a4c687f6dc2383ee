// Answers requests for the files of a site, and for nothing else.
import { securityHeaders } from "./headers.ts";
import type { Site, SiteFile } from "./site.ts";

/** The answer to a request: a file of the site, 304 where the browser has it, 404 or 405. */
export function responder(site: Site): (request: Request) => Promise<Response> {
  const compressed = compressor();
  return async (request) => {
    if (request.method !== "GET" && request.method !== "HEAD")
      return plain("expected GET or HEAD", 405, { Allow: "GET, HEAD" });
    const file = site.get(new URL(request.url).pathname.slice(1) || "index.html");
    if (!file) return plain("no such file", 404);
    const headers = headersOf(file);
    if (sameVersion(request, file)) return new Response(null, { status: 304, headers });
    const zipped = isText(file) && acceptsGzip(request);
    const body = zipped ? await compressed(file) : file.body;
    const bodyHeaders = {
      ...headers,
      "Content-Type": file.type,
      "Content-Length": String(body.size),
      ...(zipped && { "Content-Encoding": "gzip" }),
    };
    return new Response(request.method === "HEAD" ? null : body, { headers: bodyHeaders });
  };
}

const plain = (line: string, status: number, headers: Readonly<Record<string, string>> = {}): Response =>
  new Response(`${line}\n`, {
    status,
    headers: { ...securityHeaders, ...headers, "Content-Type": "text/plain; charset=utf-8" },
  });

const headersOf = ({ version, hashed }: SiteFile) => ({
  ...securityHeaders,
  ETag: `W/"${version}"`,
  "Cache-Control": hashed ? "public, max-age=31536000, immutable" : "no-cache",
  Vary: "Accept-Encoding",
});

const sameVersion = ({ headers }: Request, { version }: SiteFile): boolean =>
  (headers.get("If-None-Match") ?? "").split(/,\s*/).includes(`W/"${version}"`);

const isText = ({ type }: SiteFile): boolean => /^text\/|json|svg/.test(type);

const acceptsGzip = ({ headers }: Request): boolean =>
  /\bgzip\b(?!;\s*q=0(\.0*)?\b)/.test(headers.get("Accept-Encoding") ?? "");

/** Compresses each file once. */
function compressor(): (file: SiteFile) => Promise<Blob> {
  const done = new Map<SiteFile, Promise<Blob>>();
  const compress = async ({ body }: SiteFile) => new Blob([Bun.gzipSync(await body.arrayBuffer())]);
  return (file) => {
    const blob = done.get(file) ?? compress(file);
    done.set(file, blob);
    return blob;
  };
}
