/** What each site was sent over its present link, so that it is sent once; a new link gets everything that is owed again. */
import type { SiteName } from "@engraft/core/base/ids";

/** More than a site is ever owed at once. */
const REMEMBERED = 100;

export class Sent {
  readonly #bySite = new Map<SiteName, { readonly session: object; readonly what: Set<string> }>();

  /** Calls `send` unless it was called for this over this session. Nothing for a site that is away. */
  once(site: SiteName, session: object | undefined, what: string, send: () => void): void {
    if (session === undefined) return;
    const known = this.#bySite.get(site);
    const sent = known?.session === session ? known.what : new Set<string>();
    if (sent.has(what)) return;
    sent.add(what);
    for (const old of sent) if (sent.size > REMEMBERED) sent.delete(old);
    this.#bySite.set(site, { session, what: sent });
    send();
  }

  clear(): void {
    this.#bySite.clear();
  }
}
