/** The web server's own routes, by the names of api/access.ts: what is not listed here is a page of the dashboard. */

export interface Route {
  readonly name: string;
  readonly methods: readonly string[];
  readonly path: RegExp;
}

const route = (name: string, path: RegExp, ...more: readonly string[]): Route => ({
  name,
  methods: [name.slice(0, name.indexOf(" ")), ...more],
  path,
});

export const ROUTES = {
  health: route("GET /health", /^\/health$/),
  metrics: route("GET /metrics", /^\/metrics$/),
  probe: route("GET /probe", /^\/probe$/),
  enrol: route("POST /enrol", /^\/enrol$/),
  rotate: route("POST /rotate", /^\/rotate$/),
  leave: route("POST /leave", /^\/leave$/),
  signIn: route("POST /api/auth/sign-in/email", /^\/api\/auth\/sign-in\/email$/),
  signOut: route("POST /api/auth/sign-out", /^\/api\/auth\/sign-out$/),
  secondFactor: route("POST /api/auth/two-factor/verify-totp", /^\/api\/auth\/two-factor\/verify-totp$/),
  recoveryCode: route("POST /api/auth/two-factor/verify-backup-code", /^\/api\/auth\/two-factor\/verify-backup-code$/),
  newSecondFactor: route("POST /api/auth/two-factor/enable", /^\/api\/auth\/two-factor\/enable$/),
  noSecondFactor: route("POST /api/auth/two-factor/disable", /^\/api\/auth\/two-factor\/disable$/),
  session: route("GET /api/auth/get-session", /^\/api\/auth\/get-session$/),
  authOk: route("GET /api/auth/ok", /^\/api\/auth\/ok$/),
  blob: route("PUT /blobs/<sha256>", /^\/blobs\/([0-9a-f]{64})$/),
  release: route("GET /releases/<id>/<file>", /^\/releases\/([a-z0-9.-]+)\/([A-Za-z0-9._-]+)$/, "HEAD"),
  record: route(
    "GET /records/<run>/<round>/<file>",
    /^\/records\/([a-z0-9.-]+)\/([1-9][0-9]{0,4})\/(?:record\.json|(?:masked|checkpoints)\/([0-9a-f]{64}))$/,
  ),
  audit: route("GET /audit/export", /^\/audit\/export$/),
  backup: route("GET /backup", /^\/backup$/),
} as const satisfies Readonly<Record<string, Route>>;

export type RouteKey = keyof typeof ROUTES;

/** Asked by agents, signed by themselves: no browser is behind them, so no page could misuse its cookie. */
export const OF_SITES: ReadonlySet<RouteKey> = new Set(["enrol", "rotate", "leave"]);

export interface Matched {
  readonly key: RouteKey;
  readonly name: string;
  /** What the path's groups hold. */
  readonly parts: readonly string[];
}

export function routeOf(method: string | undefined, path: string): Matched | undefined {
  for (const [key, { name, methods, path: pattern }] of Object.entries(ROUTES) as readonly (readonly [RouteKey, Route])[]) {
    const match = methods.includes(method ?? "") ? pattern.exec(path) : null;
    if (match !== null) return { key, name, parts: match.slice(1) };
  }
  return undefined;
}
