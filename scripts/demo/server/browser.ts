// Shows an address in the user's browser.
import { tell } from "../../cli/progress.ts";

const openers: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ["open"],
  win32: ["cmd", "/c", "start", ""],
};

/** Asks the system to open the address; says so where it cannot. */
export function openInBrowser(address: string): void {
  try {
    Bun.spawn([...(openers[process.platform] ?? ["xdg-open"]), address], {
      stdio: ["ignore", "ignore", "ignore"],
    });
  } catch {
    tell(`cannot open a browser here; visit ${address}`);
  }
}
