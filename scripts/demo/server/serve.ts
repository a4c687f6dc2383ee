// Serves a site on a port of this machine.
import { UserError } from "../../../lib/errors.ts";
import { responder } from "./respond.ts";
import type { Site } from "./site.ts";

interface Place {
  readonly host: string;
  /** The port to take; undefined for the first of a few that is free. */
  readonly port: number | undefined;
}

const usualPort = 4269;
const tried = 20;

export interface Served extends Disposable {
  readonly address: string;
}

/** Serves until it is disposed of. Throws UserError where no port can be had. */
export function serve(site: Site, { host, port }: Place): Served {
  const ports = port === undefined ? Array.from({ length: tried }, (_, i) => usualPort + i) : [port];
  const fetch = responder(site);
  const problems: string[] = [];
  for (const each of ports) {
    const server = listen(() => Bun.serve({ hostname: host, port: each, fetch }), problems);
    if (server) return { address: server.url.href, [Symbol.dispose]: () => void server.stop(true) };
  }
  throw new UserError(
    `cannot listen on ${host}, port ${ports.at(-1)}: ${problems.at(-1)}; choose another --port`,
  );
}

/** The server, or undefined with the problem noted. */
function listen<S>(start: () => S, problems: string[]): S | undefined {
  try {
    return start();
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
