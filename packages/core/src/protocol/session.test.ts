import { describe, expect, it } from "vitest";
import { toBase64url } from "../base/bytes.ts";
import { isRefusal } from "../base/errors.ts";
import { SiteName } from "../base/ids.ts";
import { identityFromSeed } from "../crypto/identity.ts";
import { seal } from "../crypto/envelope.ts";
import { MESSAGES, type MessageType } from "./messages.ts";
import { openMessage, sealMessage, sealStatement, sessionScope, type Scopes } from "./session.ts";

const coordinator = identityFromSeed(new Uint8Array(32).fill(1));
const site = identityFromSeed(new Uint8Array(32).fill(2));
const stranger = identityFromSeed(new Uint8Array(32).fill(3));
const nonce = (fill: number): string => toBase64url(new Uint8Array(32).fill(fill));
const scopes: Scopes = { federation: coordinator.publicKey, session: sessionScope(nonce(1), nonce(2)) };
const fromSite = { role: "site", key: site.publicKey } as const;
const fromCoordinator = { role: "coordinator", key: coordinator.publicKey } as const;

const hello = {
  site: SiteName.parse("st-anna"),
  protocol: { min: 1, max: 1 },
  challenge: nonce(1),
  nonce: nonce(2),
  version: "0.1.0",
  engine: "wasm",
  at: 1,
};
const ack = { transfer: 1, offset: 5 };

describe("a message of a link", () => {
  it("opens as what it was, with the envelope to keep", () => {
    const text = sealMessage(site, scopes, "hello", hello);
    expect(openMessage(text, fromSite, scopes)).toEqual({ ok: true, message: { type: "hello", value: hello }, envelope: JSON.parse(text) });
    expect(sealStatement(site, scopes, "hello", hello)).toEqual(JSON.parse(text));
  });

  it("[E1] is verified before its payload is parsed", () => {
    const envelope = sealStatement(site, scopes, "hello", hello);
    expect(openMessage(JSON.stringify({ ...envelope, payload: "garbage" }), fromSite, scopes)).toMatchObject({ code: "bad-signature" });
    expect(openMessage(JSON.stringify(seal(site, "hello", scopes.federation, { ...hello, extra: 1 })), fromSite, scopes)).toMatchObject({
      code: "bad-message",
    });
    expect(openMessage(sealMessage(stranger, scopes, "hello", hello), fromSite, scopes)).toMatchObject({ code: "unknown-key" });
  });

  it("[W1] is refused where its sender's role may not send it", () => {
    for (const [type, row] of Object.entries(MESSAGES)) {
      for (const peer of [fromSite, fromCoordinator]) {
        const identity = peer.role === "site" ? site : coordinator;
        const answer = openMessage(
          JSON.stringify(seal(identity, type, row.scope === "federation" ? scopes.federation : (scopes.session ?? ""), {})),
          peer,
          scopes,
        );
        expect(isRefusal(answer)).toBe(true);
        const allowed = row.sender === "both" || row.sender === peer.role;
        // Allowed ones fail later: at the empty payload.
        if (isRefusal(answer)) expect(answer.text.includes("may not send")).toBe(!allowed);
      }
    }
  });

  it("[W1] is refused over the limit of its type", () => {
    const long = { ...hello, engine: "x".repeat(5000) };
    expect(openMessage(JSON.stringify(seal(site, "hello", scopes.federation, long)), fromSite, scopes)).toMatchObject({
      ok: false,
      code: "message-too-big",
    });
  });

  it.each(["", "toString", "__proto__", "nonsense"])("[W1] of unknown type %j is refused", (type) => {
    expect(openMessage(JSON.stringify(seal(site, type, scopes.federation, {})), fromSite, scopes)).toMatchObject({
      ok: false,
      code: "bad-message",
    });
  });

  it("[W3] of session scope is refused before there is a session", () => {
    const early: Scopes = { federation: scopes.federation, session: undefined };
    expect(openMessage(sealMessage(site, scopes, "transfer.ack", ack), fromSite, early)).toMatchObject({ ok: false, code: "bad-message" });
    // Also where it was sealed for "no session".
    expect(openMessage(sealMessage(site, early, "transfer.ack", ack), fromSite, early)).toMatchObject({ ok: false, code: "bad-message" });
  });

  it("[E3] replayed from another session is refused, while a statement holds in every session", () => {
    const later: Scopes = { federation: scopes.federation, session: sessionScope(nonce(1), nonce(9)) };
    expect(openMessage(sealMessage(site, scopes, "transfer.ack", ack), fromSite, later)).toMatchObject({ code: "bad-signature" });
    expect(openMessage(sealMessage(site, scopes, "hello", hello), fromSite, later)).toMatchObject({ ok: true });
    expect(openMessage(sealMessage(site, scopes, "hello", hello), fromSite, { ...later, federation: stranger.publicKey })).toMatchObject({
      code: "bad-signature",
    });
  });

  it("[E3] sessions differ with either nonce, and with who gave which", () => {
    const names = [
      sessionScope(nonce(1), nonce(2)),
      sessionScope(nonce(2), nonce(1)),
      sessionScope(nonce(1), nonce(3)),
      sessionScope(nonce(3), nonce(2)),
    ];
    expect(new Set(names).size).toBe(names.length);
  });
});

it("[W1] every type has a limit that fits into one frame", () => {
  for (const type of Object.keys(MESSAGES) as MessageType[]) expect(MESSAGES[type].maxBytes).toBeLessThanOrEqual(1_048_576);
});
