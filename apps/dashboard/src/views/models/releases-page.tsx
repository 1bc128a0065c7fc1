"use client";
import type { ReleaseView } from "@engraft/coordinator/api/release-views";
import { useQuery } from "@tanstack/react-query";
import { createColumnHelper } from "@tanstack/react-table";
import { Download } from "lucide-react";
import Link from "next/link";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { bytesText, plural } from "../../parts/figures.ts";
import { Empty, Loaded } from "../../parts/states.tsx";
import { When } from "../../parts/time.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { Main } from "../../shell/shell.tsx";
import { bestMetric } from "./release-metrics.ts";
import { ReleaseChip, releaseTitle } from "./release-state.tsx";

const column = createColumnHelper<ReleaseView>();

const COLUMNS = [
  column.accessor("id", {
    header: "Release",
    meta: { rowHeader: true, nowrap: true },
    cell: ({ getValue, row: { original: release } }) => (
      <Link className="text-fg" href={`/models/${getValue()}`}>
        {releaseTitle(release)}
      </Link>
    ),
  }),
  column.display({
    id: "state",
    header: "State",
    meta: { nowrap: true },
    cell: ({ row: { original: release } }) => <ReleaseChip release={release} />,
  }),
  column.display({
    id: "metric",
    header: "Test patients, mean over sites",
    meta: { nowrap: true },
    cell: ({ row: { original: release } }) => bestMetric(release.comparisons) ?? <span className="text-fg-3">not measured</span>,
  }),
  column.display({
    id: "sites",
    header: "Sites",
    meta: { figures: true },
    cell: ({ row: { original: release } }) => release.comparisons.length,
  }),
  column.accessor("rounds", { header: "Rounds", meta: { figures: true } }),
  column.display({
    id: "base",
    header: "Base",
    meta: { nowrap: true },
    cell: ({ row: { original: release } }) => `${release.base.name} ${release.base.version}`,
  }),
  column.accessor("run", {
    header: "Run",
    meta: { nowrap: true },
    cell: ({ getValue }) => <Link href={`/runs/${getValue()}`}>{getValue()}</Link>,
  }),
  column.accessor("createdAt", { header: "Made", meta: { nowrap: true }, cell: ({ getValue }) => <When at={getValue()} /> }),
  column.display({
    id: "download",
    header: "Download",
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
          aria-label={`Download ${model.name} of ${release.id}, ${bytesText(model.bytes)}`}
        >
          <Download size={14} aria-hidden />
          {bytesText(model.bytes)}
        </a>
      );
    },
  }),
];

export function ReleasesPage() {
  const trpc = useTRPC();
  const releases = useQuery(trpc.releases.list.queryOptions());
  return (
    <Main bar={<TopBar crumbs={[{ text: "Releases" }]} />}>
      <PageHead
        title="Releases"
        actions={
          (releases.data?.length ?? 0) > 1 && (
            <Link className={buttonClass()} href="/models/compare">
              Compare two
            </Link>
          )
        }
        under={
          releases.data === undefined
            ? "Models to download."
            : releases.data.length === 0
              ? "No model yet."
              : `${plural(releases.data.length, "model")} to download. For research, not for care.`
        }
      />
      <section className="card" aria-label="Releases">
        <Loaded query={releases} rows={4}>
          {(list) =>
            list.length === 0 ? (
              <Empty
                title="No release yet"
                action={
                  <Link className={buttonClass()} href="/runs">
                    Open runs
                  </Link>
                }
              >
                A run that ends with its last evaluation leaves a model here, with its metrics at each site.
              </Empty>
            ) : (
              <DataTable
                caption="Releases"
                rows={list}
                columns={COLUMNS}
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
