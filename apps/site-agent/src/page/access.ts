/**
 * Who may use the page: whoever has a one-time link, which only the agent's own account can make, and after it a session. Of both a hash is
 * kept. The page lies under a path of its own that nobody can guess, because cookies do not tell the ports of one machine apart.
 */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import * as z from "zod";
import { Digest, Instant } from "@engraft/core/base/ids";
import { sha256 } from "@engraft/core/crypto/digest";
import { removeIfThere } from "@engraft/runtime/files";
import { jsonNames, readJson, writeJson } from "../vault/json-file.ts";

/** A link that nobody opened is worth nothing after this. */
const LINK_MS = 15 * 60_000;
const IDLE_MS = 12 * 3_600_000;
const LONGEST_MS = 7 * 86_400_000;
/** How often the last use is written down. */
const NOTE_MS = 60_000;

const PlaceFile = z.strictObject({ format: z.literal("engraft.page/1"), place: z.string().regex(/^[0-9a-f]{32}$/) });
const LinkFile = z.strictObject({ format: z.literal("engraft.page-link/1"), until: Instant });
const Session = z.strictObject({ hash: Digest, steward: z.string().min(1).max(120), since: Instant, used: Instant });
const SessionsFile = z.strictObject({ format: z.literal("engraft.page-sessions/1"), sessions: z.array(Session) });
export type Session = z.infer<typeof Session>;

const folder = (home: string): string => join(home, "page");
const links = (home: string): string => join(folder(home), "links");
const secret = (): string => randomBytes(32).toString("base64url");

/** The first part of every address, the same from start to start. */
export async function placeOf(home: string): Promise<string> {
  const path = join(folder(home), "place.json");
  const known = await readJson(path, PlaceFile);
  if (known !== undefined) return known.place;
  const place = randomBytes(16).toString("hex");
  await writeJson(path, { format: "engraft.page/1", place });
  return place;
}

/** A new one-time code; the running page finds it by its hash. */
export async function makeLink(home: string, now: number): Promise<string> {
  const code = secret();
  await writeJson(join(links(home), `${sha256(code)}.json`), { format: "engraft.page-link/1", until: now + LINK_MS });
  return code;
}

export class Access {
  readonly #home: string;
  readonly #now: () => number;
  #sessions: Session[];
  #busy: Promise<unknown> = Promise.resolve();

  private constructor(home: string, now: () => number, sessions: Session[]) {
    this.#home = home;
    this.#now = now;
    this.#sessions = sessions;
  }

  static async open(home: string, now: () => number): Promise<Access> {
    const file = await readJson(join(folder(home), "sessions.json"), SessionsFile);
    return new Access(home, now, [...(file?.sessions ?? [])]);
  }

  /** Whether the code would open the page; it stays as it is. */
  async mayOpen(code: string): Promise<boolean> {
    const file = await readJson(join(links(this.#home), `${sha256(code)}.json`), LinkFile);
    return file !== undefined && this.#now() < file.until;
  }

  /** Takes a code, once, for a session's secret; undefined where it is none, used or too old. */
  enter(code: string, steward: string): Promise<string | undefined> {
    return this.#inTurn(async () => {
      if (!(await this.mayOpen(code))) return undefined;
      await removeIfThere(join(links(this.#home), `${sha256(code)}.json`));
      for (const name of await jsonNames(links(this.#home))) {
        const path = join(links(this.#home), `${name}.json`);
        const other = await readJson(path, LinkFile);
        if (other !== undefined && this.#now() >= other.until) await removeIfThere(path);
      }
      const token = secret();
      const at = this.#now();
      this.#sessions.push({ hash: sha256(token), steward, since: at, used: at });
      await this.#write();
      return token;
    });
  }

  /** The session of a cookie; undefined where there is none or its time is over. */
  async find(token: string | undefined): Promise<Session | undefined> {
    if (token === undefined) return undefined;
    const hash = sha256(token);
    const now = this.#now();
    const session = this.#sessions.find((one) => one.hash === hash);
    if (session === undefined || now - session.used > IDLE_MS || now - session.since > LONGEST_MS) return undefined;
    if (now - session.used > NOTE_MS) {
      session.used = now;
      await this.#inTurn(() => this.#write());
    }
    return session;
  }

  leave(session: Session): Promise<void> {
    return this.#inTurn(() => {
      this.#sessions = this.#sessions.filter((one) => one !== session);
      return this.#write();
    });
  }

  #write(): Promise<void> {
    const now = this.#now();
    this.#sessions = this.#sessions.filter(({ since, used }) => now - used <= IDLE_MS && now - since <= LONGEST_MS);
    return writeJson(join(folder(this.#home), "sessions.json"), { format: "engraft.page-sessions/1", sessions: this.#sessions });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(work);
    this.#busy = done.catch(() => undefined);
    return done;
  }
}
