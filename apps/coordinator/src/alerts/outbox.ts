/**
 * Sends what the database says is to be sent, once each: a failed message is tried again, later each time, and then given up by
 * name. After a crash in the middle of sending the same message may go out again, under the same id.
 */
import type { Prisma, Message } from "../store/generated/client.ts";
import type { Store } from "../store/store.ts";
import type { SecretBox } from "./secret.ts";
import { sendMail, type MailSettings } from "./mail.ts";
import type { Body } from "./step.ts";
import { postWebhook, type WebhookOptions } from "./webhook.ts";
import { mailOf, webhookBody } from "./words.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Waits after each failure; after the last one it is given up: about a day. */
const WAITS_MS = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS];
/** To one receiver. What is over waits for the next hour. */
export const MOST_AN_HOUR = 20;
const AT_ONCE = 50;

export interface SendOptions {
  readonly store: Store;
  readonly box: SecretBox;
  readonly mail: MailSettings;
  readonly webhook: WebhookOptions;
  readonly publicUrl: string;
  readonly now: () => number;
}

type Addressed = Pick<Message, "id" | "to" | "channelId"> & { readonly body: Body };

/** Throws with a reason for admins. */
export async function sendOne(options: SendOptions, { id, to, channelId, body }: Addressed): Promise<void> {
  const { store, box, mail, webhook, publicUrl, now } = options;
  const channel = channelId === null ? null : await store.prisma.channel.findUnique({ where: { id: channelId } });
  if (channel?.kind === "webhook") {
    const secret = box.open(channel.secret ?? "", channel.id);
    await postWebhook({ id, url: channel.target, secret, body: webhookBody(id, body, publicUrl), now: now() }, webhook);
  } else await sendMail(mail, { id, to: (channel?.target ?? to).split(" "), ...mailOf(body, publicUrl) });
}

/** Everything that is due now. Resolves to how many were sent. */
export async function sendDue(options: SendOptions, stopped: () => boolean): Promise<number> {
  const { store, now } = options;
  const due = await store.prisma.message.findMany({
    where: { nextAt: { lte: new Date(now()) } },
    orderBy: { createdAt: "asc" },
    take: AT_ONCE,
  });
  let sent = 0;
  for (const message of due) {
    if (stopped()) break;
    const update = await outcome(options, message);
    await store.mayWrite();
    await store.prisma.message.update({ where: { id: message.id }, data: update });
    if (update.sentAt !== undefined) sent += 1;
  }
  return sent;
}

async function outcome(options: SendOptions, message: Message): Promise<Prisma.MessageUpdateInput> {
  const { store, now } = options;
  const { id, channelId, to, attempts } = message;
  const hourAgo = new Date(now() - HOUR_MS);
  const sentTo = await store.prisma.message.count({ where: { channelId, to, sentAt: { gt: hourAgo } } });
  if (sentTo >= MOST_AN_HOUR) return { nextAt: new Date(now() + 5 * MINUTE_MS), error: `More than ${MOST_AN_HOUR} in an hour: it waits.` };
  try {
    await sendOne(options, { id, to, channelId, body: message.body as unknown as Body });
    return { sentAt: new Date(now()), nextAt: null, attempts: attempts + 1, error: null };
  } catch (error) {
    const wait = WAITS_MS[attempts];
    const why = error instanceof Error ? error.message : "unknown";
    return {
      attempts: attempts + 1,
      error: why,
      ...(wait === undefined ? { failedAt: new Date(now()), nextAt: null } : { nextAt: new Date(now() + wait) }),
    };
  }
}
