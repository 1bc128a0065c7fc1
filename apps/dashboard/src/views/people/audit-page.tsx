"use client";
import type { AuditView } from "@engraft/coordinator/api/views";
import { useInfiniteQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { useTRPC, useTRPCClient } from "../../api/trpc.ts";
import { Button } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { Note } from "../../parts/chip.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { personText } from "../../parts/figures.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { useIsAdmin } from "../../shell/session.tsx";
import { Main } from "../../shell/shell.tsx";

const column = createColumnHelper<AuditView>();

const COLUMNS = [
  column.accessor("seq", { header: "No.", meta: { figures: true } }),
  column.accessor("at", {
    header: "When",
    meta: { nowrap: true },
    cell: ({ getValue }) => (
      <span className="font-mono text-12">
        <When at={getValue()} />
      </span>
    ),
  }),
  column.accessor("actor", { header: "Who", meta: { nowrap: true, rowHeader: true } }),
  column.accessor("action", { header: "Did", meta: { nowrap: true } }),
  column.accessor("subject", {
    header: "On",
    cell: ({ getValue }) => <span className="font-mono text-12 wrap-anywhere">{getValue()}</span>,
  }),
  column.accessor("text", {
    header: "In words",
    enableSorting: false,
    cell: ({ getValue }) => <span className="text-fg-2">{personText(getValue())}</span>,
  }),
  column.accessor("code", { header: "Code", cell: ({ getValue }) => <code className="text-bad">{getValue() ?? ""}</code> }),
];

export function AuditPage() {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const admin = useIsAdmin();
  const audit = useInfiniteQuery({
    queryKey: [...trpc.audit.pathKey(), "pages"],
    queryFn: ({ pageParam }) => client.audit.list.query(pageParam === undefined ? {} : { before: pageParam }),
    initialPageParam: undefined as number | undefined,
    getNextPageParam: (page: AuditView[]) => page.at(-1)?.seq,
    enabled: admin,
  });
  // The log is numbered from 1: whoever has seen that entry has seen all.
  const more = (audit.data?.pages.at(-1)?.at(-1)?.seq ?? 1) > 1;
  return (
    <Main bar={<TopBar crumbs={[{ text: "Audit" }]} />}>
      <PageHead title="Audit" under="Who did what, newest first. Each entry carries the digest of the one before it." />
      {!admin ? (
        <Note tone="info">Only an admin may read the audit log.</Note>
      ) : (
        <section className="card" aria-label="Audit log">
          <Loaded query={audit} rows={10}>
            {({ pages }) => {
              const entries = pages.flat();
              return entries.length === 0 ? (
                <Empty title="Nothing yet">Sign-ins, invites, approvals, runs and refusals are entered here.</Empty>
              ) : (
                <DataTable caption="Audit log" dense rows={entries} columns={COLUMNS} rowKey={(entry) => String(entry.seq)} />
              );
            }}
          </Loaded>
          {more && (
            <footer>
              <Button size="small" busy={audit.isFetchingNextPage && "Loading older entries …"} onClick={() => void audit.fetchNextPage()}>
                Show older entries
              </Button>
            </footer>
          )}
        </section>
      )}
    </Main>
  );
}
