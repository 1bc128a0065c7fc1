import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { mkdtemp, readFile, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Code } from "@engraft/core/base/errors";
import { fingerprintWords, identityFromSeed } from "@engraft/core/crypto/identity";
import { inviteText } from "@engraft/core/protocol/invite";
import { FakeCoordinator } from "../coordinator.fixture.ts";
import { addresses, requireMembership } from "../vault/federation.ts";
import { join } from "./join.ts";

let dir: string;
let coordinator: FakeCoordinator;

beforeEach(async () => {
  dir = await mkdtemp(path(tmpdir(), "engraft-join-"));
  coordinator = await FakeCoordinator.start();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await coordinator.stop();
  await rm(dir, { recursive: true, force: true });
});

const joinAs = (home: string, invite: string) => join({ home: path(dir, home), invite, ca: undefined, now: () => 7 });

async function expectRefusal(home: string, invite: string, code: Code): Promise<void> {
  await expect(joinAs(home, invite)).rejects.toMatchObject({ code });
  await expect(requireMembership(path(dir, home))).rejects.toMatchObject({ code: "not-enrolled" });
}

describe("join", () => {
  it("makes the key at the site, pins the coordinator's, and gives the words that both sides compare", async () => {
    const { text, invite } = coordinator.invite("vienna");
    const result = await joinAs("a", text);
    const { identity, federation } = await requireMembership(path(dir, "a"));
    expect(result).toEqual({
      site: "vienna",
      coordinator: coordinator.url,
      words: fingerprintWords(identity.publicKey),
      coordinatorWords: fingerprintWords(coordinator.identity.publicKey),
      again: false,
    });
    expect(federation).toMatchObject({ coordinator: coordinator.identity.publicKey, site: "vienna", joinedAt: 7 });
    expect(coordinator.enrolled.get(identity.publicKey)).toBe("vienna");
    expect((await stat(path(dir, "a", "identity.json"))).mode & 0o777).toBe(0o600);
    expect((await stat(path(dir, "a"))).mode & 0o777).toBe(0o700);
    // The invite's secret is not kept.
    for (const file of await readdir(path(dir, "a"))) expect(await readFile(path(dir, "a", file), "utf8")).not.toContain(invite.secret);
  });

  it("[I4] again with the same invite changes nothing, even while the coordinator is away", async () => {
    const { text } = coordinator.invite("vienna");
    const first = await joinAs("a", text);
    const before = await readFile(path(dir, "a", "federation.json"), "utf8");
    await coordinator.stop();
    expect(await joinAs("a", text)).toEqual({ ...first, again: true });
    expect(await readFile(path(dir, "a", "federation.json"), "utf8")).toBe(before);
    coordinator = await FakeCoordinator.start();
  });

  it("[W8] keeps every address of the coordinator, enrols at the first that answers, and takes more of them later", async () => {
    const { invite } = coordinator.invite("vienna");
    const away = "http://127.0.0.1:1";
    const text = inviteText({ ...invite, url: away, otherUrls: [coordinator.url] });
    const home = path(dir, "a");
    const options = { home, invite: text, ca: undefined, now: () => 7 };
    await join(options);
    expect((await requireMembership(home)).federation).toMatchObject({ url: away, otherUrls: [coordinator.url] });
    await join({ ...options, urls: ["https://third.example/"] });
    expect(addresses((await requireMembership(home)).federation)).toEqual([away, coordinator.url, "https://third.example"]);
    await expect(join({ ...options, urls: ["third"] })).rejects.toMatchObject({ code: "bad-input" });
  });

  it("[I4] a join that was cut off after the coordinator's yes is completed by the same command", async () => {
    const { text } = coordinator.invite("vienna");
    await joinAs("a", text);
    await rm(path(dir, "a", "federation.json"));
    expect(await joinAs("a", text)).toMatchObject({ site: "vienna", again: true });
    expect(coordinator.enrolled.size).toBe(1);
  });

  it("[I1] a mistyped invite never leaves the machine", async () => {
    const { text } = coordinator.invite("vienna");
    await expectRefusal("a", text.slice(0, -3), "invite-mistyped");
    expect(coordinator.enrolled.size).toBe(0);
  });

  it.each(["invite-expired", "invite-used", "name-taken"] as const)(
    "[I3] the coordinator's signed %s is the error, with what to do next",
    async (code) => {
      coordinator.refuses = code;
      const { text } = coordinator.invite("vienna");
      await expectRefusal("a", text, code);
      await expect(joinAs("a", text)).rejects.toThrow(/admin/);
    },
  );

  it("[I3] a forged invite", async () => {
    const { invite } = coordinator.invite("vienna");
    await expectRefusal("a", inviteText({ ...invite, secret: "A".repeat(43) }), "invite-forged");
  });

  it("an invite that names another coordinator's key", async () => {
    const { invite } = coordinator.invite("vienna");
    const other = identityFromSeed(new Uint8Array(32).fill(3)).publicKey;
    await expectRefusal("a", inviteText({ ...invite, coordinator: other }), "coordinator-key-wrong");
  });

  it("[E1] whoever answers at the invite's address without the coordinator's key enrols nobody", async () => {
    const other = await FakeCoordinator.start();
    try {
      const { invite } = coordinator.invite("vienna");
      await expectRefusal("a", inviteText({ ...invite, url: other.url }), "coordinator-key-wrong");
    } finally {
      await other.stop();
    }
  });

  it("a folder that belongs to another site or federation is left as it is", async () => {
    await joinAs("a", coordinator.invite("vienna").text);
    await expect(joinAs("a", coordinator.invite("graz").text)).rejects.toMatchObject({ code: "enrolled-elsewhere" });
    expect((await requireMembership(path(dir, "a"))).federation.site).toBe("vienna");
  });
});

describe("the way to the coordinator", () => {
  let server: Server | undefined;
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
    server = undefined;
  });
  const listen = async (made: Server): Promise<string> => {
    server = made;
    await new Promise<void>((resolve) => made.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(made.address() as AddressInfo).port}`;
  };

  it("nobody there: unreachable, and says what to look at", async () => {
    const host = await listen(createServer());
    server?.close();
    const { invite } = coordinator.invite("vienna");
    await expectRefusal("a", inviteText({ ...invite, url: `http://${host}` }), "unreachable");
    await expect(joinAs("a", inviteText({ ...invite, url: `http://${host}` }))).rejects.toThrow(/address/);
  });

  it("something else there: unreachable, not a key error", async () => {
    const host = await listen(createServer((_request, response) => response.writeHead(503).end("<html>")));
    const { invite } = coordinator.invite("vienna");
    await expectRefusal("a", inviteText({ ...invite, url: `http://${host}` }), "unreachable");
  });

  it("goes through the proxy that HTTP_PROXY names, with its password, and not where NO_PROXY says so", async () => {
    const seen: string[] = [];
    const proxy = createServer();
    proxy.on("connect", (request, socket, head) => {
      seen.push(`${request.url} ${request.headers["proxy-authorization"]}`);
      const { port } = new URL(coordinator.url);
      const through = connect(Number(port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        through.write(head);
        through.pipe(socket).pipe(through);
      });
      // The end of a test cuts both.
      through.on("error", () => undefined);
      socket.on("error", () => undefined);
    });
    vi.stubEnv("HTTP_PROXY", `http://site:pass@${await listen(proxy)}`);
    vi.stubEnv("NO_PROXY", "");
    const { invite } = coordinator.invite("vienna");
    const behind = { ...invite, url: `http://coordinator.example:${new URL(coordinator.url).port}` };
    await joinAs("a", inviteText(behind));
    expect(seen).toEqual([`${new URL(behind.url).host} Basic ${Buffer.from("site:pass").toString("base64")}`]);

    // The machine itself is never reached through a proxy.
    await joinAs("b", coordinator.invite("graz").text);
    expect(seen).toHaveLength(1);
    vi.stubEnv("NO_PROXY", ".example");
    await expectRefusal("c", inviteText({ ...coordinator.invite("linz").invite, url: behind.url }), "unreachable");
    expect(seen).toHaveLength(1);
  });
});
