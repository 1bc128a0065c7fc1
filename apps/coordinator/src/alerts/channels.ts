/** Where alerts go, as admins set it. */
import { randomBytes } from "node:crypto";
import { EngraftError } from "@engraft/core/base/errors";
import { LANGUAGES } from "@engraft/core/needs/language";
import * as z from "zod";
import { Email } from "../api/account-input.ts";
import type { ChannelView } from "../api/alert-views.ts";
import type { Channel } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";
import { judgedTarget, type Bounds } from "./address.ts";
import { AlertKind, languageOf } from "./kinds.ts";
import { oneLine } from "./mail.ts";
import type { SecretBox } from "./secret.ts";

const Common = {
  /** Of the channel that is changed; absent for a new one. */
  id: z.string().max(40).optional(),
  name: z.string().transform(oneLine).pipe(z.string().min(1).max(60)),
  causes: z.array(AlertKind).min(1, "choose at least one cause").max(AlertKind.options.length),
  on: z.boolean(),
  /** Of what is said there. */
  language: z.enum(LANGUAGES).default("en"),
};

export const ChannelInput = z.discriminatedUnion("kind", [
  z.strictObject({ ...Common, kind: z.literal("mail"), to: z.array(Email).min(1, "enter an address").max(20) }),
  /** `newSecret`: make another one, shown once. A new webhook gets one in any case. */
  z.strictObject({ ...Common, kind: z.literal("webhook"), url: z.string().max(500), newSecret: z.boolean() }),
]);
export type ChannelInput = z.infer<typeof ChannelInput>;

export interface ChannelsOptions {
  readonly store: Store;
  readonly box: SecretBox;
  readonly webhook: Bounds;
  readonly now: () => number;
}

export const channelView = ({ id, name, kind, target, causes, on, language }: Channel): ChannelView => ({
  id,
  name,
  kind: kind === "webhook" ? "webhook" : "mail",
  to: target.split(" "),
  causes: causes.split(" ").filter((cause): cause is AlertKind => AlertKind.safeParse(cause).success),
  on,
  language: languageOf(language),
});

/** Returns a webhook's new secret, which is shown now and never again. Throws `not-found`, and for a webhook what `judgedTarget` does. */
export async function saveChannel(
  options: ChannelsOptions,
  input: ChannelInput,
  by: string,
): Promise<{ readonly id: string; readonly secret: string | null }> {
  const { store, box, webhook, now } = options;
  if (input.kind === "webhook") await judgedTarget(input.url, webhook);
  const id = input.id ?? randomBytes(5).toString("hex");
  const secret = input.kind === "webhook" && (input.id === undefined || input.newSecret) ? randomBytes(32).toString("base64url") : null;
  const data = {
    name: input.name,
    kind: input.kind,
    target: input.kind === "mail" ? input.to.map((to) => to.toLowerCase()).join(" ") : new URL(input.url).href,
    causes: [...new Set(input.causes)].join(" "),
    on: input.on,
    language: input.language,
    ...(secret === null ? {} : { secret: box.seal(secret, id) }),
  };
  await store.write(async (tx) => {
    const known = await tx.channel.findUnique({ where: { id } });
    if (input.id !== undefined && known?.kind !== input.kind)
      throw new EngraftError("not-found", "There is no such channel. Reload the page.");
    if (known === null) await tx.channel.create({ data: { ...data, id, by, createdAt: new Date(now()) } });
    else await tx.channel.update({ where: { id }, data });
    const detail = { name: data.name, kind: data.kind, causes: data.causes, on: data.on, language: data.language };
    return {
      value: undefined,
      audit: [{ at: now(), actor: by, action: known === null ? "channel.made" : "channel.changed", subject: id, detail }],
    };
  });
  return { id, secret };
}

/** What waits to be sent to it is not sent. Throws `not-found`. */
export async function removeChannel({ store, now }: ChannelsOptions, id: string, by: string): Promise<void> {
  await store.write(async (tx) => {
    const known = await tx.channel.findUnique({ where: { id } });
    if (known === null) throw new EngraftError("not-found", "There is no such channel. Reload the page.");
    await tx.channel.delete({ where: { id } });
    await tx.message.deleteMany({ where: { channelId: id, sentAt: null } });
    return { value: undefined, audit: [{ at: now(), actor: by, action: "channel.removed", subject: id, detail: { name: known.name } }] };
  });
}
