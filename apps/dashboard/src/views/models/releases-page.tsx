"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Download } from "lucide-react";
import Link from "next/link";
import { useMemo } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { bytesText } from "../../parts/figures.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { bestMetric } from "./release-metrics.ts";
import { ReleaseChip, releaseTitle } from "./release-state.tsx";
import { releaseWords, type ReleaseWords } from "./words.ts";

const column = createColumnHelper<ReleaseView>();

const columnsIn = ({ columns, notMeasured, downloadOf }: ReleaseWords) => [
  column.accessor("id", {
    header: columns.release,
    meta: { rowHeader: true, nowrap: true },
    cell: ({ getValue, row: { original: release } }) => (
      <Link className="text-fg" href={`/models/${getValue()}`}>
        {releaseTitle(release)}
      </Link>
    ),
  }),
  column.display({
    id: "state",
    header: columns.state,
    meta: { nowrap: true },
    cell: ({ row: { original: release } }) => <ReleaseChip release={release} />,
  }),
  column.display({
    id: "metric",
    header: columns.metric,
    meta: { nowrap: true },
    cell: ({ row: { original: release } }) => bestMetric(release.comparisons) ?? <span className="text-fg-3">{notMeasured}</span>,
  }),
  column.display({
    id: "sites",
    header: columns.sites,
    meta: { figures: true },
    cell: ({ row: { original: release } }) => release.comparisons.length,
  }),
  column.accessor("rounds", { header: columns.rounds, meta: { figures: true } }),
  column.display({
    id: "base",
    header: columns.base,
    meta: { nowrap: true },
    cell: ({ row: { original: release } }) => `${release.base.name} ${release.base.version}`,
  }),
  column.accessor("run", {
    header: columns.run,
    meta: { nowrap: true },
    cell: ({ getValue }) => <Link href={`/runs/${getValue()}`}>{getValue()}</Link>,
  }),
  column.accessor("createdAt", { header: columns.made, meta: { nowrap: true }, cell: ({ getValue }) => <When at={getValue()} /> }),
  column.display({
    id: "download",
    header: columns.download,
    meta: { nowrap: true },
    cell: ({ row: { original: release } }) => {
      const model = release.files.find((file) => file.name.endsWith(".safetensors")) ?? release.files[0];
      return model === undefined ? (
        "–"
      ) : (
        <a
          className={buttonClass({ size: "small" })}
          href={model.url}
          download
          aria-label={downloadOf(model.name, release.id, bytesText(model.bytes))}
        >
          <Download size={14} aria-hidden />
          {bytesText(model.bytes)}
        </a>
      );
    },
  }),
];

export function ReleasesPage() {
  const words = useWords(releaseWords);
  const columns = useMemo(() => columnsIn(words), [words]);
  const trpc = useTRPC();
  const releases = useQuery(trpc.releases.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: words.releases }]} />}>
      <PageHead
        title={words.releases}
        actions={
          (releases.data?.length ?? 0) > 1 && (
            <Link className={buttonClass()} href="/models/compare">
              {words.compareTwo}
            </Link>
          )
        }
        under={releases.data === undefined ? words.under : releases.data.length === 0 ? words.noModel : words.models(releases.data.length)}
      />
      <section className="card" aria-label={words.releases}>
        <Loaded query={releases} rows={4}>
          {(list) =>
            list.length === 0 ? (
              <Empty
                title={words.noRelease}
                action={
                  <Link className={buttonClass()} href="/runs">
                    {words.openRuns}
                  </Link>
                }
              >
                {words.noReleaseWhy}
              </Empty>
            ) : (
              <DataTable
                caption={words.releases}
                rows={list}
                columns={columns}
                rowKey={(release) => release.id}
                sortBy={[{ id: "createdAt", desc: true }]}
              />
            )
          }
        </Loaded>
      </section>
    </Main>
  );
}
