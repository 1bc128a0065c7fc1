/** Whether the coordinator is reached: its port, the address that stands in invites, the certificate there, the dashboard. */
import { lookup } from "node:dns/promises";
import { createServer } from "node:net";
import { codeOf, connectTo, secure } from "@engraft/runtime/connect";
import { ok, problem, skipped, warning, type Check, type Finding } from "@engraft/runtime/doctor";
import { handshakeFinding } from "@engraft/runtime/doctor-tls";
import { lockHolder } from "@engraft/runtime/lock";
import { identityOf } from "./here.ts";
import { localUrl, type Looking } from "./looking.ts";
import { healthAt, whoAnswers, type Answering } from "./who-answers.ts";

export function checksOfReach(looking: Looking, local: () => Promise<Answering>): readonly Check[] {
  const url = looking.publicUrl;
  const parsed = url === undefined ? undefined : new URL(url);
  const outside: readonly Check[] =
    url === undefined || parsed === undefined
      ? []
      : [
          { name: "public-name", title: "Public name", look: () => nameFinding(parsed.hostname) },
          ...(parsed.protocol === "https:"
            ? [{ name: "certificate", title: "Certificate", needs: ["public-name"], look: () => certificateFinding(parsed) }]
            : []),
          { name: "public-url", title: "Public address", needs: ["public-name", "port"], look: () => publicFinding(looking, url, local) },
        ];
  const dashboard = looking.dashboardUrl;
  return [
    { name: "port", title: "Port", look: async () => portFinding(looking, await local()) },
    ...outside,
    ...(dashboard === undefined ? [] : [{ name: "dashboard", title: "Dashboard", look: () => dashboardFinding(dashboard) }]),
  ];
}

/** Who answers on this machine at the port of the settings. */
export async function localAnswer(looking: Looking): Promise<Answering> {
  const identity = await identityOf(looking.data);
  const answer = await whoAnswers(localUrl(looking), identity?.publicKey ?? ("" as never));
  return answer;
}

async function portFinding(looking: Looking, answer: Answering): Promise<Finding> {
  const { host, port, data } = looking;
  const running = (await lockHolder(data)) !== undefined;
  const taken = (by: string): Finding =>
    problem(
      "port-taken",
      `Port ${port} on ${host} is used by ${by}.`,
      "Stop that program, or choose another port with --port; a reverse proxy in front must then point there.",
    );
  switch (answer.who) {
    case "ours":
      return ok(`this coordinator answers on port ${port}`);
    case "another-coordinator":
      return taken("another coordinator, with another key");
    case "something-else": {
      const health = await healthAt(localUrl(looking));
      if (health?.status === "starting") return warning("starting", "The coordinator is just starting.", "Run doctor again in a minute.");
      return taken(health === undefined ? "another program" : "a coordinator that takes no agents");
    }
    case "nobody": {
      const code = await bindFault(host, port);
      if (code === "EADDRINUSE") return taken("another program");
      if (code !== undefined)
        return problem(
          "port-not-allowed",
          `This account cannot listen on ${host}:${port} (${code}).`,
          "Choose another --host or --port; ports below 1024 need a right of their own.",
        );
      return running
        ? warning(
            "other-port",
            `The coordinator runs, but not on port ${port} of ${host}.`,
            "Give doctor the same --host and --port (or --config) as the coordinator.",
          )
        : ok(`port ${port} on ${host} is free`);
    }
  }
}

/** Why the port cannot be listened on; undefined where it can. */
function bindFault(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(codeOf(error) ?? "no reason given"));
    server.listen(port, host, () => server.close(() => resolve(undefined)));
  });
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

async function nameFinding(hostname: string): Promise<Finding> {
  try {
    const { address } = await lookup(bare(hostname));
    return ok(`${hostname} is ${address}`);
  } catch (error) {
    return problem(
      "public-name-unknown",
      `The name ${hostname} of --public-url is not known here (${codeOf(error) ?? "no reason given"}).`,
      "Correct the name, or have it entered into DNS: it stands in every invite.",
    );
  }
}

async function certificateFinding(url: URL): Promise<Finding> {
  const host = bare(url.hostname);
  const socket = await connectTo(host, url.port === "" ? 443 : Number(url.port)).catch((error: unknown) => codeOf(error) ?? "ECONNRESET");
  return typeof socket === "string" ? away(url.origin, socket) : handshakeFinding(host, () => secure(socket, host, undefined));
}

const away = (url: string, code: string): Finding =>
  problem(
    "public-url-away",
    `Nothing answers at ${url} (${code}).`,
    "Start the reverse proxy that ends TLS in front of the coordinator, and let its port through the firewall.",
  );

async function publicFinding({ data }: Looking, url: string, local: () => Promise<Answering>): Promise<Finding> {
  if ((await local()).who !== "ours") return skipped("Not looked at: the coordinator does not run.");
  const identity = await identityOf(data);
  if (identity === undefined) return skipped("Not looked at: the coordinator's key cannot be read.");
  const answer = await whoAnswers(url, identity.publicKey);
  switch (answer.who) {
    case "ours":
      return ok(`${url} leads to this coordinator, upgrade included`);
    case "another-coordinator":
      return problem(
        "public-url-other",
        `${url} leads to another coordinator.`,
        "Point the reverse proxy at this one, or correct --public-url.",
      );
    case "nobody":
      return away(url, answer.code);
    case "something-else": {
      const reached = (await healthAt(url)) !== undefined;
      return reached
        ? problem(
            "public-upgrade-refused",
            `Requests to ${url} reach a coordinator, but the upgrade to a WebSocket does not (HTTP ${answer.status}).`,
            'Let the reverse proxy pass on the headers "Upgrade" and "Connection" for the path /agent, without a time limit on idle connections.',
          )
        : problem(
            "public-url-other",
            `What answers at ${url} is no coordinator (HTTP ${answer.status}).`,
            "Point the reverse proxy at the coordinator's port, or correct --public-url.",
          );
    }
  }
}

async function dashboardFinding(url: string): Promise<Finding> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000), redirect: "manual" });
    await response.body?.cancel();
    return response.status < 500
      ? ok(`answers at ${url}`)
      : warning("dashboard-fails", `The dashboard at ${url} answers with HTTP ${response.status}.`, "See the log of engraft-dashboard.");
  } catch {
    return warning("dashboard-away", `No dashboard answers at ${url}.`, 'Start it with "engraft-dashboard", or correct --dashboard-url.');
  }
}
