/** What `doctor` looks at in the coordinator itself, by the route that the agent takes. Nothing is asked that starts work. */
import * as z from "zod";
import { isRefusal } from "@engraft/core/base/errors";
import { fingerprintWords } from "@engraft/core/crypto/identity";
import { PROBE_BYTES, PROBE_PATH } from "@engraft/core/protocol/probe";
import { commonVersion, SPOKEN } from "@engraft/core/protocol/version";
import { codeOf } from "@engraft/runtime/connect";
import { clockFinding } from "@engraft/runtime/doctor-checks";
import { ok, once, problem, skipped, warning, type Check, type Finding } from "@engraft/runtime/doctor";
import { routeTo, type Route } from "../link/proxy.ts";
import { unreachable } from "../link/reach.ts";
import { loadIdentity } from "../vault/identity.ts";
import { listPlans } from "../vault/plans.ts";
import { VERSION } from "../version.ts";
import { greet, type Greeting } from "./greeting.ts";
import { get, type Got } from "./http.ts";
import { speedFinding, type Demand } from "./speed.ts";
import type { Looking, Target } from "./target.ts";
import { vectorBytes } from "./here.ts";

const MAX_HEALTH = 64 * 1024;

const Health = z.object({ status: z.enum(["ok", "starting", "database-unavailable"]), version: z.string().max(40).optional() });
type Health = z.infer<typeof Health>;

interface Coordinator {
  readonly target: Target;
  readonly route: Route;
}

export function checksOfCoordinator(looking: Looking, target: () => Promise<Target>): readonly Check[] {
  const { home, invite } = looking;
  const coordinator = once(async (): Promise<Coordinator> => {
    const to = await target();
    return { target: to, route: await routeTo(to.url, to.ca) };
  });
  const health = once(async () => readHealth(await coordinator()));
  const greeting = once(async () => {
    const { target: to, route } = await coordinator();
    const identity = invite === undefined ? await loadIdentity(home).catch(() => undefined) : undefined;
    return greet({ url: to.url, route, coordinator: to.coordinator, identity, now: looking.now });
  });
  const greeted = ["upgrade", "coordinator-key"];
  return [
    {
      name: "coordinator",
      title: "Coordinator",
      needs: ["connection", "tls"],
      look: async () => healthFinding(await coordinator(), await health()),
    },
    { name: "upgrade", title: "WebSocket", needs: ["coordinator"], look: async () => upgradeFinding(await coordinator(), greeting) },
    {
      name: "coordinator-key",
      title: "Coordinator's key",
      needs: ["upgrade"],
      look: async () => pinFinding(await coordinator(), await greeting()),
    },
    { name: "protocol", title: "Versions", needs: greeted, look: async () => versionFinding(await greeting(), await health()) },
    {
      name: "membership",
      title: "Membership",
      needs: greeted,
      look: async () => (invite === undefined ? membershipFinding(await greeting()) : skipped("Only after joining.")),
    },
    { name: "clock", title: "Clock", needs: greeted, look: async () => clockFinding((await greeting()).skewMs ?? 0, "the coordinator's") },
    { name: "speed", title: "Speed", needs: ["coordinator"], look: async () => lineFinding(await coordinator(), await demandsOf(home)) },
  ];
}

type Answer = { readonly got: Got; readonly health: Health | undefined } | { readonly error: unknown };

async function readHealth({ target, route }: Coordinator): Promise<Answer> {
  try {
    const got = await get(`${target.url}/health`, route, MAX_HEALTH);
    return { got, health: parseHealth(got.body) };
  } catch (error) {
    return { error };
  }
}

function parseHealth(body: Buffer): Health | undefined {
  try {
    return Health.safeParse(JSON.parse(body.toString("utf8"))).data;
  } catch {
    return undefined;
  }
}

async function healthFinding({ target, route }: Coordinator, answer: Answer): Promise<Finding> {
  const host = new URL(target.url).host;
  if ("error" in answer) {
    const fault = await unreachable(target.url, route, answer.error);
    return problem(
      "request-fails",
      `A request to ${host} fails (${codeOf(answer.error) ?? "no reason given"}): ${fault.message}`,
      "Ask whoever runs this network, or a proxy between, whether it lets requests to this host through.",
    );
  }
  const { got, health } = answer;
  if (health === undefined) {
    const behind = got.status >= 502 && got.status <= 504;
    return behind
      ? problem(
          "coordinator-away",
          `Something in front of ${host} answers, but the coordinator behind it does not (HTTP ${got.status}).`,
          "Tell the coordinator's admin.",
        )
      : problem(
          "not-a-coordinator",
          `What answers at ${host} is no Engraft coordinator (HTTP ${got.status}).`,
          "Compare the address with the invite. A proxy may have answered in its place: ask whoever runs this network.",
        );
  }
  if (health.status === "database-unavailable")
    return problem(
      "coordinator-database",
      "The coordinator runs, but its database does not.",
      'Tell the admin, who finds more with "engraft-coordinator doctor".',
    );
  if (health.status === "starting")
    return warning("coordinator-starting", "The coordinator is just starting.", "Run doctor again in a minute.");
  return ok(`version ${health.version ?? "unknown"} answers at ${host}`);
}

/** Requests pass, so whatever fails here is about the upgrade. */
async function upgradeFinding({ target, route }: Coordinator, greeting: () => Promise<Greeting>): Promise<Finding> {
  try {
    await greeting();
    return ok("the upgrade passes");
  } catch (error) {
    const via = route.proxy === undefined ? "" : ` through the proxy ${route.proxy}`;
    const who =
      route.proxy === undefined
        ? "Whatever stands between (a reverse proxy, a firewall)"
        : `The proxy ${route.proxy}, or what stands behind it,`;
    return problem(
      "upgrade-refused",
      `Requests to ${new URL(target.url).host} pass${via}, but the upgrade to a WebSocket does not: ${error instanceof Error ? error.message : "the connection failed"}`,
      `${who} must pass on the headers "Upgrade" and "Connection" for the path /agent and keep the connection open.`,
    );
  }
}

function pinFinding({ target }: Coordinator, { challenge }: Greeting): Finding {
  if (!isRefusal(challenge)) return ok(`the pinned one: ${fingerprintWords(target.coordinator).join(" ")}`);
  if (challenge.code === "unknown-key" || challenge.code === "bad-signature")
    return problem(
      "coordinator-key-wrong",
      "This address answers with another key than the coordinator's that was pinned. Nothing was sent.",
      "Ask the admin before you go on: somebody may stand between, or the coordinator was set up anew and needs a new invite for this site.",
    );
  return problem(
    "coordinator-speaks-wrong",
    `The coordinator's first message is not understood: ${challenge.text}`,
    "Compare the versions of agent and coordinator.",
  );
}

function versionFinding({ challenge }: Greeting, answer: Answer): Finding {
  if (isRefusal(challenge)) return skipped(challenge.text);
  const common = commonVersion(challenge.value.protocol, SPOKEN);
  if (!common.ok) return problem("protocol-version", common.text, "Install the version of the agent that the admin names.");
  const theirs = "health" in answer ? answer.health?.version : undefined;
  return ok(`agent ${VERSION}, coordinator ${theirs ?? "unknown"}, protocol ${common.version}`);
}

function membershipFinding({ enrolled }: Greeting): Finding {
  if (enrolled === undefined) return skipped("The coordinator did not say whether it knows this site's key.");
  return enrolled
    ? ok("the coordinator knows this site's key")
    : problem(
        "unknown-key",
        "The coordinator does not know this site's key.",
        "Ask the admin: this home may be of an older enrolment, or the coordinator was restored from before it. A new invite enrols the site again.",
      );
}

async function lineFinding({ target, route }: Coordinator, demands: readonly Demand[]): Promise<Finding> {
  const got = await get(`${target.url}${PROBE_PATH}`, route, 2 * PROBE_BYTES).catch((error: unknown) => error);
  if (!(typeof got === "object" && got !== null && "body" in got))
    return warning(
      "download-breaks-off",
      `A download of ${PROBE_BYTES / 2 ** 20} MiB from the coordinator fails (${codeOf(got) ?? "no reason given"}).`,
      "A proxy may limit how much one answer holds, or how long it takes: ask whoever runs this network.",
    );
  const { status, body, seconds } = got as Got;
  if (status === 429) return skipped("Too many looks from this address. Wait a minute.");
  if (status !== 200 || body.byteLength !== PROBE_BYTES) return skipped("This coordinator offers nothing to measure the line with.");
  return speedFinding(body.byteLength / Math.max(seconds, 1e-6), demands);
}

/** What the plans that count here move in each round. */
async function demandsOf(home: string): Promise<readonly Demand[]> {
  const plans = (await listPlans(home).catch(() => [])).filter(({ withdrawn }) => !withdrawn);
  return plans.map((offered) => ({
    plan: `${offered.plan.name} ${offered.plan.version}`,
    downBytes: offered.manifest.weights.bytes + vectorBytes(offered),
    upBytes: vectorBytes(offered),
    deadlineSeconds: offered.plan.cohort.deadlineSeconds,
  }));
}
