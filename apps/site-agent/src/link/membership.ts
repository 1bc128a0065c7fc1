/** `POST /rotate` and `POST /leave`: one signed word of this site, and the coordinator's signed answer. */
import { EngraftError, refuse, type Refusal } from "@engraft/core/base/errors";
import type { PublicKey } from "@engraft/core/base/ids";
import { readEnvelope, unseal } from "@engraft/core/crypto/envelope";
import { MEMBERSHIP_TYPES, MembershipRefused } from "@engraft/core/protocol/membership";
import type * as z from "zod";
import { addresses, type Federation } from "../vault/federation.ts";
import { post } from "./enrol.ts";
import { routeTo } from "./proxy.ts";
import { unreachable, wrongAnswer } from "./reach.ts";

interface Asked<T> {
  readonly federation: Federation;
  readonly ca: string | undefined;
  readonly path: "/rotate" | "/leave";
  readonly body: string;
  /** Of the answer; it is for this key. */
  readonly type: string;
  readonly schema: z.ZodType<T>;
  readonly key: PublicKey;
}

/** At the first address where the coordinator answers. Counts only where the pinned key has signed it for `key`. Throws `unreachable`. */
export async function tellMembership<T>(asked: Asked<T>): Promise<{ readonly ok: true; readonly value: T } | Refusal> {
  let away: unknown;
  for (const url of addresses(asked.federation)) {
    try {
      return await tell(url, asked);
    } catch (error) {
      if (!(error instanceof EngraftError) || error.code !== "unreachable") throw error;
      away ??= error;
    }
  }
  throw away;
}

async function tell<T>(url: string, { federation, ca, path, body, type, schema, key }: Asked<T>) {
  const route = await routeTo(url, ca ?? federation.ca ?? undefined);
  const answer = await post(`${url.replace(/\/$/, "")}${path}`, body, route).catch(async (error: unknown) => {
    throw await unreachable(url, route, error);
  });
  const envelope = readEnvelope(answer.text);
  if (!envelope.ok) {
    if (answer.status === 404)
      return refuse("not-allowed", "The coordinator is of an older version and does not know this. Its admin upgrades it first.");
    throw wrongAnswer(url, route, answer.status, answer.text);
  }
  const expected = { scope: federation.coordinator, key: federation.coordinator };
  const refused = unseal(envelope.value, { ...expected, type: MEMBERSHIP_TYPES.refused, schema: MembershipRefused });
  if (refused.ok && refused.value.key === key) return refuse(refused.value.code, refused.value.text);
  const opened = unseal(envelope.value, { ...expected, type, schema });
  if (opened.ok) return { ok: true as const, value: opened.value };
  return refuse(
    "coordinator-key-wrong",
    "The answer is not signed by the coordinator that this site knows, for this site's key. Nothing was changed here. Ask the admin before you go on.",
  );
}
