"use client";
import type { AlertsView, MessageView } from "@engraft/coordinator/api/alert-views";
import { Card } from "../../parts/card.tsx";
import { Chip } from "../../parts/chip.tsx";
import { Empty } from "../../parts/states.tsx";
import { ScrollTable } from "../../parts/table-region.tsx";
import { When } from "../../parts/time.tsx";
import { useWords } from "../../words/language.ts";
import { alertWords } from "./words.ts";

const TONES = { waiting: "warn", sent: "ok", failed: "bad" } as const;

/** What was sent, waits or failed. What they say comes from the coordinator, in English. */
export function MessagesCard({ view: { messages, channels } }: { readonly view: AlertsView }) {
  const words = useWords(alertWords);
  const whom = ({ channel, to }: MessageView): string => channels.find(({ id }) => id === channel)?.name ?? to;
  return (
    <Card title={words.messages} aside={words.newest}>
      {messages.length === 0 ? (
        <Empty title={words.noMessage}>{words.noMessageWhy}</Empty>
      ) : (
        <ScrollTable label={words.messageTable} caption={words.messages}>
          <thead>
            <tr>
              {[words.when, words.what, words.whom, words.state].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {messages.map((message) => (
              <tr key={message.id}>
                <td className="font-mono text-12 whitespace-nowrap">
                  <When at={message.at} />
                </td>
                <th scope="row" lang={message.language} className="min-w-56 wrap-anywhere">
                  {message.what}
                </th>
                <td className="min-w-40">{whom(message)}</td>
                <td className="min-w-40">
                  <Chip tone={TONES[message.state]}>{words.states[message.state]}</Chip>{" "}
                  {message.error !== null && (
                    <span className="text-12 text-fg-2">
                      <span lang="en">{message.error}</span> {words.tries(message.attempts)}
                      {message.nextAt !== null && (
                        <>
                          , {words.nextTry} <When at={message.nextAt} />
                        </>
                      )}
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </ScrollTable>
      )}
    </Card>
  );
}
