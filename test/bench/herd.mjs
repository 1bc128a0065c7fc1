// Many light sites in one process: keys, signatures, sockets and transfers are real; there is no folder, no journal and no steward for each.
// Its argument is a file of JSON: { invites, url, plan, values, folder, offset }; it says { event: "online" } when all of them have approved the plan.
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { identityFromSeed } from "@engraft/core/crypto/identity";
import { readInvite } from "@engraft/core/protocol/invite";
import { BlobStore } from "@engraft/runtime/blobs";
import { runMain } from "@engraft/runtime/exit";
import { greetCoordinator } from "@engraft/runtime/handshake";
import { Inbox } from "@engraft/runtime/inbox";
import { Link } from "@engraft/runtime/link";
import { enrol } from "@engraft/site-agent/link/enrol";
import { routeTo } from "@engraft/site-agent/link/proxy";
import { WebSocket } from "ws";

const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

async function enlist(url, invite) {
  const read = readInvite(invite);
  if (!read.ok) throw new Error(read.text);
  const identity = identityFromSeed(randomBytes(32));
  const answer = await enrol({ invite: read.invite, identity, version: "herd", route: await routeTo(url, undefined), at: Date.now() });
  if (!answer.ok) throw new Error(answer.text);
  return { identity, coordinatorKey: read.invite.coordinator, site: read.invite.site };
}

async function connect({ url, plan, values, folder }, { identity, coordinatorKey, site }, offset) {
  const blobs = await BlobStore.open(join(folder, site));
  const inbox = new Inbox(new WebSocket(`${url.replace("http", "ws")}/agent`));
  const greeted = await greetCoordinator(inbox, { identity, coordinatorKey, site, version: "herd", engine: "constant", now: Date.now });
  if (greeted.ok === false) throw new Error(greeted.text);
  let approved = () => undefined;
  const done = new Promise((resolve) => {
    approved = resolve;
  });
  const answer = async (link, ask) => {
    const { run, round, checkpoint } = ask;
    await link.fetch(checkpoint);
    const about = { run, plan: ask.plan, round, checkpoint: checkpoint.digest, validation: null };
    if (ask.kind === "evaluate") return link.send("evaluation", { ...about, base: null, alone: null, federated: null });
    const vector = new Float32Array(values).fill(1e-6 * (round + offset / 2048));
    const update = await blobs.put(new Uint8Array(vector.buffer));
    return link.send("update", { ...about, update, sampleCount: 100, engine: "constant", seconds: { fetch: 0, train: 0 } });
  };
  const link = new Link(
    inbox,
    {
      role: "site",
      identity,
      peerKey: coordinatorKey,
      peerName: "coordinator",
      scopes: greeted.scopes,
      blobs,
      keep: "as cache",
      mayServe: () => true,
    },
    {
      message: ({ type, value }) => {
        if (type === "approval.recorded") approved();
        if (type === "ask") answer(link, value).catch((error) => say({ event: "failed", site, text: String(error) }));
      },
      close: (code, text) => say({ event: "closed", site, code, text }),
    },
  );
  link.send("approval", { plan, decision: "approved", reason: null, siteMetrics: false, steward: "herd", at: Date.now() });
  await done;
}

/** Some at a time, so that a thousand handshakes do not time each other out. */
async function each(items, act, atOnce = 16) {
  const left = [...items.entries()];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await act(next[1], next[0]);
    }),
  );
}

await runMain(async () => {
  const task = JSON.parse(await readFile(process.argv[2], "utf8"));
  const began = Date.now();
  const sites = [];
  await each(task.invites, async (invite) => sites.push(await enlist(task.url, invite)));
  const joined = Date.now();
  await each(sites, (site, index) => connect(task, site, task.offset + index));
  // Its links keep the process alive.
  say({ event: "online", joinSeconds: (joined - began) / 1000, connectSeconds: (Date.now() - joined) / 1000 });
});
