/** What is answered to a request that the guard has let through. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { EngraftError } from "@engraft/core/base/errors";
import { auditLinesSince } from "../vault/audit-file.ts";
import type { Membership } from "../vault/federation.ts";
import type { Access, Session } from "./access.ts";
import type { Asset } from "./assets.ts";
import { compare, decide, participate, setPolicy } from "./forms.ts";
import { cookieIn, csrfOf, sameText, SECURITY_HEADERS } from "./guard.ts";
import { languageOf } from "./language.ts";
import type { LeftLog } from "./left.ts";
import { openPlan, takePicture, type PlanRow, type Picture } from "./picture.ts";
import { readForm, redirect, send, sendPage } from "./reply.ts";
import type { Reviews } from "./reviews.ts";
import type { Entered } from "./views/answer.tsx";
import { ClosedPage, DoorPage, HomePage, PolicyPage } from "./views/pages.tsx";
import { WORDS, type Words } from "./words.ts";

const SESSION = "engraft_page";
const LANGUAGE = "engraft_page_language";
const WEEK_S = 7 * 86_400;

interface SiteParts {
  readonly home: string;
  readonly membership: Membership;
  readonly now: () => number;
  readonly base: string;
  readonly access: Access;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly reviews: Reviews;
  readonly left: LeftLog;
}

/** Somebody with a session, who asks for something. */
interface Visit {
  readonly t: Words;
  readonly session: Session;
  readonly csrf: string;
  readonly response: ServerResponse;
  /** Behind the base: "", "policy" or "plan/<digest>". */
  readonly path: string;
  readonly range: "30" | "all";
  /** What a form held that was not done, and why. */
  readonly entered?: Entered;
  readonly error?: EngraftError;
}

/** Pages that a form may come back to. */
const HERE = /^(?:|policy|plan\/[0-9a-f]{64})$/;

export class Site {
  readonly #with: SiteParts;

  constructor(parts: SiteParts) {
    this.#with = parts;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { base, access, assets } = this.#with;
    const t = WORDS[languageOf(cookieIn(request.headers.cookie, LANGUAGE), request.headers["accept-language"])];
    const url = new URL(request.url ?? "/", "http://page");
    // Whoever does not know the path learns nothing, not even that it is another one.
    if (!url.pathname.startsWith(`${base}/`)) return this.#closed(response, t, 404, t.closedTitle);
    const path = url.pathname.slice(base.length + 1);
    const asset = assets.get(path);
    if (asset !== undefined) return send(response, 200, asset.body, asset.type, { "cache-control": "max-age=3600" });
    const get = request.method !== "POST";
    if (get && path.startsWith("open/")) return this.#door(response, t, path.slice("open/".length));
    const token = cookieIn(request.headers.cookie, SESSION);
    const session = await access.find(token);
    if (!get && path === "enter") return this.#enter(request, response, t);
    if (session === undefined || token === undefined) return this.#closed(response, t, 401, t.closedTitle);
    const range = url.searchParams.get("left") === "all" ? "all" : "30";
    const visit = { t, session, csrf: csrfOf(token), response, path, range } as const;
    return get ? this.#read(visit) : this.#act(visit, await readForm(request));
  }

  #closed(response: ServerResponse, t: Words, status: number, title: string): void {
    sendPage(response, status, <ClosedPage t={t} base={this.#with.base} title={title} text={t.closedMore} />);
  }

  /** Opening the link does not use it up: only a person who gives a name does, not a program that looks at addresses. */
  async #door(response: ServerResponse, t: Words, code: string, wrong?: string): Promise<void> {
    const { access, base, membership } = this.#with;
    if (!(await access.mayOpen(code))) return this.#closed(response, t, 401, t.usedTitle);
    sendPage(
      response,
      wrong === undefined ? 200 : 422,
      <DoorPage t={t} base={base} code={code} site={membership.federation.site} wrong={wrong} />,
    );
  }

  async #enter(request: IncomingMessage, response: ServerResponse, t: Words): Promise<void> {
    const { access, base } = this.#with;
    const { code = "", steward = "" } = await readForm(request);
    const name = steward.trim();
    if (name === "" || name.length > 120) return this.#door(response, t, code, "Enter your name, in up to 120 characters.");
    const token = await access.enter(code, name);
    if (token === undefined) return this.#closed(response, t, 401, t.usedTitle);
    redirect(response, `${base}/`, [`${SESSION}=${token}; Path=${base}/; HttpOnly; SameSite=Strict; Max-Age=${WEEK_S}`]);
  }

  async #read(visit: Visit): Promise<void> {
    const { response, path, t } = visit;
    if (path === "log.jsonl") return this.#log(response);
    if (!HERE.test(path)) return this.#closed(response, t, 404, t.notFound);
    return this.#show(visit);
  }

  async #show({ t, session, csrf, response, path, range, entered, error }: Visit): Promise<void> {
    const { base } = this.#with;
    const picture = await takePicture(this.#with);
    const shown = {
      t,
      base,
      csrf,
      here: path,
      steward: session.steward,
      picture,
      error: error === undefined ? undefined : { text: error.message, code: error.code },
    };
    const status = error === undefined ? 200 : 422;
    if (path === "policy") return sendPage(response, status, <PolicyPage {...shown} entered={entered} />);
    const row = chosenRow(picture, path);
    if (path !== "" && row === undefined) return this.#closed(response, t, 404, t.notFound);
    const plan = row === undefined ? undefined : await openPlan(this.#with, row, picture.policy);
    sendPage(response, status, <HomePage {...shown} plan={plan} range={range} entered={entered ?? {}} />);
  }

  /** Y6 */
  async #log(response: ServerResponse): Promise<void> {
    const { home, membership } = this.#with;
    const { identity, federation } = membership;
    response.writeHead(200, {
      ...SECURITY_HEADERS,
      "content-type": "application/x-ndjson",
      "content-disposition": `attachment; filename="engraft-${federation.site}-audit.jsonl"`,
    });
    await pipeline(Readable.from(auditLinesSince(home, identity.publicKey, Number.NEGATIVE_INFINITY)), response);
  }

  async #act(visit: Visit, form: Entered): Promise<void> {
    const { response, session, csrf, path, t } = visit;
    const { base, access } = this.#with;
    if (!sameText(form["csrf"] ?? "", csrf)) return this.#closed(response, t, 403, t.failed);
    const here = HERE.test(form["here"] ?? "") ? (form["here"] ?? "") : "";
    const acting = { ...this.#with, steward: session.steward };
    const back = (to = here, cookies: readonly string[] = []): void => redirect(response, `${base}/${to}`, cookies);
    if (path === "leave") {
      await access.leave(session);
      return redirect(response, `${base}/`, [`${SESSION}=; Path=${base}/; HttpOnly; SameSite=Strict; Max-Age=0`]);
    }
    if (path === "language") {
      const language = form["language"] === "de" ? "de" : "en";
      return back(here, [`${LANGUAGE}=${language}; Path=${base}/; HttpOnly; SameSite=Strict; Max-Age=31536000`]);
    }
    try {
      if (path === "decide") await decide(acting, form);
      else if (path === "compare") await compare(acting, form);
      else if (path === "participation") await participate(acting, form);
      else if (path === "policy") await setPolicy(acting, form);
      else return this.#closed(response, t, 404, t.notFound);
    } catch (error) {
      if (!(error instanceof EngraftError)) throw error;
      return this.#show({ ...visit, path: here, entered: form, error });
    }
    return path === "decide" ? back(`plan/${form["plan"] ?? ""}`) : path === "policy" ? back("") : back();
  }
}

/** The one that is asked for; on the first page the oldest that waits. */
function chosenRow({ plans }: Picture, path: string): PlanRow | undefined {
  if (path.startsWith("plan/")) return plans.find(({ offered }) => offered.digest === path.slice("plan/".length));
  return plans.findLast(({ standing }) => standing === "waiting");
}
