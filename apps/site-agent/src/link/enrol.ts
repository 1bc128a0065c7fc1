/** The one HTTP request of an agent's life: POST /enrol, before there is a link. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import { EngraftError, refuse, type Refusal } from "@engraft/core/base/errors";
import { readEnvelope, seal, unseal } from "@engraft/core/crypto/envelope";
import type { Identity } from "@engraft/core/crypto/identity";
import { inviteProof, secretKeyOf, type Invite } from "@engraft/core/protocol/invite";
import { ENROL_TYPES, Joined, JoinRefused, type Join } from "@engraft/core/protocol/messages";
import type { Route } from "./proxy.ts";
import { unreachable, wrongAnswer } from "./reach.ts";

const PATIENCE_MS = 20_000;
const MAX_ANSWER = 16 * 1024;

/**
 * Asks the coordinator to enrol this site's key. The answer, yes or no, counts only when the pinned key has signed it for this
 * site's key. Throws `unreachable`.
 */
export async function enrol(options: {
  readonly invite: Invite;
  readonly identity: Identity;
  readonly version: string;
  readonly route: Route;
  readonly at: number;
}): Promise<{ readonly ok: true; readonly joined: Joined } | Refusal> {
  const { invite, identity, version, route, at } = options;
  const join: Join = {
    invite: invite.id,
    site: invite.site,
    coordinator: invite.coordinator,
    proof: inviteProof(secretKeyOf(invite.secret), identity.publicKey, invite.coordinator),
    version,
    at,
  };
  const answer = await post(
    `${invite.url.replace(/\/$/, "")}/enrol`,
    JSON.stringify(seal(identity, ENROL_TYPES.join, invite.coordinator, join)),
    route,
  ).catch(async (error: unknown) => {
    throw await unreachable(invite.url, route, error);
  });
  const envelope = readEnvelope(answer.text);
  if (!envelope.ok) throw wrongAnswer(invite.url, route, answer.status, answer.text);
  const expected = { scope: invite.coordinator, key: invite.coordinator };
  const wrongKey = refuse(
    "coordinator-key-wrong",
    "The answer is not signed by the coordinator that the invite names. Nothing was enrolled. The invite or the connection may have been tampered with: ask the admin for a new invite and compare its address.",
  );
  if (envelope.value.type === ENROL_TYPES.refused) {
    const refused = unseal(envelope.value, { ...expected, type: ENROL_TYPES.refused, schema: JoinRefused });
    if (!refused.ok || refused.value.key !== identity.publicKey) return wrongKey;
    return refuse(refused.value.code, refused.value.text);
  }
  const joined = unseal(envelope.value, { ...expected, type: ENROL_TYPES.joined, schema: Joined });
  if (!joined.ok || joined.value.key !== identity.publicKey || joined.value.site !== invite.site) return wrongKey;
  return { ok: true, joined: joined.value };
}

export function post(url: string, body: string, route: Route): Promise<{ readonly status: number; readonly text: string }> {
  const options: RequestOptions & { ca?: string[] } = {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    timeout: PATIENCE_MS,
    ...(route.agent === undefined ? {} : { agent: route.agent }),
    ...(route.ca === undefined ? {} : { ca: [...route.ca] }),
  };
  const send = url.startsWith("https:") ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(url, options, (response) => readAnswer(response).then(resolve, reject));
    request.once("timeout", () => request.destroy(Object.assign(new Error("No answer in time"), { code: "ETIMEDOUT" })));
    request.once("error", reject);
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<{ readonly status: number; readonly text: string }> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    length += (chunk as Buffer).byteLength;
    if (length > MAX_ANSWER) throw new EngraftError("message-too-big", "The answer is larger than any the coordinator gives");
    chunks.push(chunk as Buffer);
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") };
}
