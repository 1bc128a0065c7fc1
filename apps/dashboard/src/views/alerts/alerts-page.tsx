"use client";
import type { AlertsView, ChannelView } from "@engraft/coordinator/api/alert-views";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { OctagonX } from "lucide-react";
import { useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { Card, PageHead } from "../../parts/card.tsx";
import { Chip, Note } from "../../parts/chip.tsx";
import { CodeLine } from "../../parts/copy.tsx";
import { Confirm } from "../../parts/dialog.tsx";
import { Empty, Loaded, Refused } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useMay } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { ChannelDialog } from "./channel-dialog.tsx";
import { MessagesCard } from "./messages-card.tsx";
import { ALERT_KINDS } from "@engraft/core/needs/kinds";
import { alertWords } from "./words.ts";

const MINUTE_MS = 60_000;

export function AlertsPage() {
  const words = useWords(alertWords);
  const trpc = useTRPC();
  const may = useMay("alerts.get");
  const alerts = useQuery({ ...trpc.alerts.get.queryOptions(), enabled: may, refetchInterval: 15_000 });
  const [made, setMade] = useState<{ readonly name: string; readonly secret: string }>();
  return (
    <Main bar={<TopBar crumbs={[{ text: words.title }]} />}>
      <PageHead title={words.title} under={words.under} actions={may && <ChannelDialog onSecret={setMade} />} />
      {!may ? (
        <Note tone="info">{words.adminsOnly}</Note>
      ) : (
        <>
          {made !== undefined && (
            <Card title={words.secretTitle(made.name)} aside={words.secretAside} padded>
              <div className="grid gap-2">
                <p role="status">{words.secretWhy}</p>
                <CodeLine code={made.secret} what={words.secret} />
              </div>
            </Card>
          )}
          <Loaded query={alerts} rows={4}>
            {(view) => (
              <>
                <Trouble view={view} />
                <ChannelsCard view={view} onSecret={setMade} />
                <MessagesCard view={view} />
              </>
            )}
          </Loaded>
        </>
      )}
    </Main>
  );
}

function Trouble({ view: { messages, channels, mailServer } }: { readonly view: AlertsView }) {
  const words = useWords(alertWords);
  const failed = messages.filter(({ state, error }) => state === "failed" || (state === "waiting" && error !== null)).length;
  return (
    <>
      {failed > 0 && (
        <Note tone="bad" icon={<OctagonX size={16} aria-hidden />}>
          {words.failedNow(failed)}
        </Note>
      )}
      {mailServer === null && channels.some(({ kind, on }) => kind === "mail" && on) && <Note tone="warn">{words.noMailServer}</Note>}
    </>
  );
}

interface WithSecret {
  readonly onSecret: (made: { readonly name: string; readonly secret: string }) => void;
}

function ChannelsCard({ view: { channels, mailServer, patienceMs }, onSecret }: { readonly view: AlertsView } & WithSecret) {
  const words = useWords(alertWords);
  return (
    <Card
      title={words.channels}
      footer={
        <p className="text-12 text-fg-2">
          {mailServer === null ? words.noMailServer : words.mailServer(mailServer)} {words.patience(Math.round(patienceMs / MINUTE_MS))}
        </p>
      }
    >
      {channels.length === 0 ? (
        <Empty title={words.noChannel}>{words.noChannelWhy}</Empty>
      ) : (
        <ul className="list">
          {channels.map((channel) => (
            <ChannelLine key={channel.id} channel={channel} onSecret={onSecret} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function ChannelLine({ channel, onSecret }: { readonly channel: ChannelView } & WithSecret) {
  const words = useWords(alertWords);
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const test = useMutation(trpc.alerts.test.mutationOptions());
  const [asking, setAsking] = useState(false);
  const remove = useMutation(
    trpc.alerts.remove.mutationOptions({ onSuccess: () => queryClient.invalidateQueries({ queryKey: trpc.alerts.pathKey() }) }),
  );
  const { id, name, kind, to, causes, on } = channel;
  return (
    <li className="grid gap-2">
      <div className="flex flex-wrap items-start gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-72">
          <p className="flex flex-wrap items-center gap-2">
            <span className="font-medium wrap-anywhere">{name}</span>
            <Chip>{kind === "mail" ? words.mail : words.webhook}</Chip>
            {!on && <Chip tone="warn">{words.off}</Chip>}
          </p>
          <p className="text-12 text-fg-2 wrap-anywhere">
            {words.to} {to.join(", ")}
          </p>
          <p className="text-12 text-fg-2">
            {causes.length === ALERT_KINDS.length ? words.allCauses : causes.map((cause) => words.cause[cause]).join("; ")}
          </p>
        </div>
        <div className="flex flex-wrap gap-2">
          <Button size="small" busy={test.isPending && words.testing} onClick={() => test.mutate({ id })}>
            {words.test}
          </Button>
          <ChannelDialog channel={channel} onSecret={onSecret} />
          <Confirm
            open={asking}
            onOpenChange={setAsking}
            title={words.removeOf(name)}
            action={words.removeDo}
            keep={words.keep}
            busy={remove.isPending && words.removing}
            onConfirm={() => remove.mutate({ id })}
            trigger={
              <Button size="small" kind="danger" aria-label={words.removeOf(name)}>
                {words.remove}
              </Button>
            }
          >
            <p>{words.removeWhy}</p>
            {remove.error !== null && <Refused what={words.notRemoved} error={remove.error} />}
          </Confirm>
        </div>
      </div>
      {test.data !== undefined &&
        (test.data.failed === null ? (
          <Note tone="ok" role="status">
            {words.tested(name)}
          </Note>
        ) : (
          <Note tone="bad" role="alert" icon={<OctagonX size={16} aria-hidden />}>
            {words.testFailed(name)} <span lang="en">{test.data.failed}</span>
          </Note>
        ))}
      {test.error !== null && <Refused what={words.notTested} error={test.error} />}
    </li>
  );
}
