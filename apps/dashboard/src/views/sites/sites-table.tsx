"use client";
import type { SiteView } from "@engraft/coordinator/api/views";
import { createColumnHelper } from "@tanstack/react-table";
import { CircleCheck, Fingerprint, Unplug } from "lucide-react";
import Link from "next/link";
import { Button } from "../../parts/button.tsx";
import { Chip } from "../../parts/chip.tsx";
import { CopyButton, Words } from "../../parts/copy.tsx";
import { DataTable } from "../../parts/data-table.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { lengthText } from "../../parts/figures.ts";
import { Ago, When } from "../../parts/time.tsx";
import { useState } from "react";

const column = createColumnHelper<SiteView>();
const MAX_SKEW_MS = 30_000;

function skewText(ms: number): string {
  const size = Math.abs(ms);
  if (size < 50) return "0.0 s";
  return `${ms < 0 ? "−" : "+"}${size < 1000 ? `${(size / 1000).toFixed(1)} s` : lengthText(size)}`;
}

const COLUMNS = [
  column.accessor("name", {
    header: "Site",
    meta: { rowHeader: true },
    cell: ({ row: { original: site } }) => (
      <div id={site.name} className="scroll-mt-20">
        {site.name}
        <div className="text-12 font-normal text-fg-3">
          joined <When at={site.joinedAt} />
        </div>
      </div>
    ),
  }),
  column.accessor("online", {
    header: "Connection",
    cell: ({ row: { original: site } }) =>
      site.online ? (
        <div>
          <span className="flex items-center gap-1.5 font-medium text-accent">
            <CircleCheck size={14} aria-hidden />
            Online
          </span>
          {site.working !== null && (
            <Link className="text-12 text-fg-2" href={`/runs/${site.working.run}`}>
              {site.working.phase}, {site.working.run}
            </Link>
          )}
        </div>
      ) : (
        <div>
          <span className="flex items-center gap-1.5 font-medium text-bad">
            <Unplug size={14} aria-hidden />
            Offline
          </span>
          <span className="text-12 text-fg-2">Its IT runs engraft-site start there.</span>
        </div>
      ),
  }),
  column.accessor("lastSeen", {
    header: "Last seen",
    meta: { nowrap: true },
    cell: ({ row: { original: site } }) =>
      site.online ? (
        <span className="text-fg-2">now</span>
      ) : site.lastSeen === null ? (
        <span className="text-fg-2">never</span>
      ) : (
        <span className="text-bad">
          <Ago at={site.lastSeen} />
        </span>
      ),
  }),
  column.accessor("version", { header: "Version", cell: ({ getValue }) => getValue() ?? "–" }),
  column.accessor("engine", { header: "Engine", cell: ({ getValue }) => getValue() ?? "–" }),
  column.accessor("clockSkewMs", {
    header: "Clock",
    meta: { figures: true, nowrap: true },
    cell: ({ getValue }) => {
      const skew = getValue();
      if (skew === null) return "–";
      const text = skewText(skew);
      return Math.abs(skew) > MAX_SKEW_MS ? <span className="font-medium text-warn">{text}, set it</span> : text;
    },
  }),
  column.display({
    id: "approvals",
    header: "Approvals",
    cell: ({ row: { original: site } }) =>
      site.approvals.length === 0 ? (
        <span className="text-fg-3">none yet</span>
      ) : (
        <span className="flex flex-wrap gap-1">
          {site.approvals.slice(0, 3).map((approval) => (
            <Link key={approval.plan} href={`/plans/${approval.plan}`}>
              <Chip tone={approval.decision === "approved" ? "ok" : "bad"}>
                {approval.planName} v{approval.planVersion} {approval.decision}
              </Chip>
            </Link>
          ))}
          {site.approvals.length > 3 && <span className="text-12 text-fg-3">and {site.approvals.length - 3} more</span>}
        </span>
      ),
  }),
  column.display({ id: "fingerprint", header: "Fingerprint", cell: ({ row: { original: site } }) => <FingerprintDialog site={site} /> }),
];

export function SitesTable({ sites }: { readonly sites: readonly SiteView[] }) {
  return <DataTable caption="Sites" rows={sites} columns={COLUMNS} rowKey={(site) => site.name} sortBy={[{ id: "online", desc: false }]} />;
}

function FingerprintDialog({ site }: { readonly site: SiteView }) {
  const [open, setOpen] = useState(false);
  return (
    <Dialog
      open={open}
      onOpenChange={setOpen}
      title={`Fingerprint of ${site.name}`}
      under="Read these words to the site’s steward by phone. engraft-site status shows the same words there."
      trigger={
        <Button size="small" aria-label={`Fingerprint of ${site.name}: ${site.words.slice(0, 2).join(" ")} …`} title={site.words.join(" ")}>
          <Fingerprint size={14} aria-hidden />
          <span className="font-mono">{site.words.slice(0, 2).join(" ")} …</span>
        </Button>
      }
    >
      <div className="in">
        <Words words={site.words} of={`Fingerprint of ${site.name}`} />
        <p className="font-mono text-12 wrap-anywhere text-fg-3">{site.key}</p>
        <p className="text-12 text-fg-2">If one word differs, somebody stands between: do not start a run, and invite the site anew.</p>
      </div>
      <footer>
        <CopyButton text={`${site.words.join(" ")}\n${site.key}`} what={`fingerprint of ${site.name}`} kind="plain" />
        <Button kind="primary" onClick={() => setOpen(false)}>
          Done
        </Button>
      </footer>
    </Dialog>
  );
}
