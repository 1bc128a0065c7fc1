"use client";
import type { AuditView } from "@engraft/coordinator/api/views";
import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { useMemo } from "react";
import { useTRPC, useTRPCClient } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { personText } from "../../parts/figures.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useMay } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { peopleWords, type PeopleWords } from "./words.ts";

const column = createColumnHelper<AuditView>();

const columnsOf = ({ columns: heads }: PeopleWords) => [
  column.accessor("seq", { header: heads.seq, meta: { figures: true } }),
  column.accessor("at", {
    header: heads.at,
    meta: { nowrap: true },
    cell: ({ getValue }) => (
      <span className="font-mono text-12">
        <When at={getValue()} />
      </span>
    ),
  }),
  column.accessor("actor", { header: heads.actor, meta: { nowrap: true, rowHeader: true } }),
  column.accessor("action", { header: heads.action, meta: { nowrap: true } }),
  column.accessor("subject", {
    header: heads.subject,
    cell: ({ getValue }) => <span className="font-mono text-12 wrap-anywhere">{getValue()}</span>,
  }),
  column.accessor("text", {
    header: heads.text,
    enableSorting: false,
    cell: ({ getValue }) => (
      <span lang="en" className="text-fg-2">
        {personText(getValue())}
      </span>
    ),
  }),
  column.accessor("code", { header: heads.code, cell: ({ getValue }) => <code className="text-bad">{getValue() ?? ""}</code> }),
];

export function AuditPage() {
  const words = useWords(peopleWords);
  const columns = useMemo(() => columnsOf(words), [words]);
  const trpc = useTRPC();
  const client = useTRPCClient();
  const may = useMay("audit.list");
  const audit = useInfiniteQuery({
    queryKey: [...trpc.audit.pathKey(), "pages"],
    queryFn: ({ pageParam }) => client.audit.list.query(pageParam === undefined ? {} : { before: pageParam }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page: AuditView[]) => page.at(-1)?.seq,
    enabled: may,
  });
  // The log is numbered from 1: whoever has seen that entry has seen all.
  const more = (audit.data?.pages.at(-1)?.at(-1)?.seq ?? 1) > 1;
  return (
    <Main bar={<TopBar crumbs={[{ text: words.audit }]} />}>
      <PageHead title={words.audit} under={words.auditUnder} />
      {!may ? (
        <Note tone="info">{words.auditAdminsOnly}</Note>
      ) : (
        <section className="card" aria-label={words.auditLog}>
          <Loaded query={audit} rows={10}>
            {({ pages }) => {
              const entries = pages.flat();
              return entries.length === 0 ? (
                <Empty title={words.nothingYet}>{words.nothingYetWhy}</Empty>
              ) : (
                <DataTable caption={words.auditLog} dense rows={entries} columns={columns} rowKey={(entry) => String(entry.seq)} />
              );
            }}
          </Loaded>
          {more && (
            <footer>
              <Button size="small" busy={audit.isFetchingNextPage && words.loadingOlder} onClick={() => void audit.fetchNextPage()}>
                {words.older}
              </Button>
            </footer>
          )}
        </section>
      )}
    </Main>
  );
}
