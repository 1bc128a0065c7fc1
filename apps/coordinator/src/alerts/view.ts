/** What admins see of alerts: channels, and what was sent, waits or failed. */
import type { AlertsView, ChannelView, MessageView } from "../api/alert-views.ts";
import type { Channel, Message } from "../store/generated/client.ts";
import type { AlertsOptions } from "./alerts.ts";
import type { Body } from "./step.ts";
import { headOf } from "./words.ts";

const SHOWN = 50;

const messageView = ({ id, channelId, to, body, createdAt, sentAt, failedAt, attempts, error, nextAt }: Message): MessageView => ({
  id,
  channel: channelId,
  to,
  what: headOf(body as unknown as Body),
  language: (body as unknown as Body).language ?? "en",
  at: createdAt.getTime(),
  state: sentAt !== null ? "sent" : failedAt !== null ? "failed" : "waiting",
  attempts,
  error,
  nextAt: nextAt?.getTime() ?? null,
});

export async function alertsView({ store, mail, patienceMs }: AlertsOptions, view: (row: Channel) => ChannelView): Promise<AlertsView> {
  const [channels, messages] = await Promise.all([
    store.prisma.channel.findMany({ orderBy: { createdAt: "asc" } }),
    store.prisma.message.findMany({ orderBy: { createdAt: "desc" }, take: SHOWN }),
  ]);
  return {
    channels: channels.map(view),
    messages: messages.map(messageView),
    mailServer: mail.smtpUrl === undefined ? null : new URL(mail.smtpUrl).host,
    patienceMs,
  };
}
