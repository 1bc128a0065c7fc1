import type { RoundRecordView } from "@engraft/coordinator/api/views";
import { Eye, Lock } from "lucide-react";
import { Chip } from "../../../parts/chip.tsx";
import { CopyButton } from "../../../parts/copy.tsx";
import { countText, plural, shortDigest } from "../../../parts/figures.ts";
import { SiteKey } from "../../../parts/site-key.tsx";
import type { Saw, SiteSaw } from "./saw.ts";

interface TableProps {
  readonly record: RoundRecordView;
  readonly saw: Saw;
  /** The run's sites, for their marks. */
  readonly sites: readonly string[];
  readonly threshold: number;
}

/** What arrived and what was released, site by site. */
export function SawTable({ record, saw, sites, threshold }: TableProps) {
  return (
    <div className="scroll relative border-t border-line" role="region" aria-label="What arrived, table" tabIndex={0}>
      <table className="dense">
        <caption className="sr-only">What arrived from each site, and which of its secrets the others released</caption>
        <thead>
          <tr>
            <th scope="col">Site</th>
            <th scope="col">What arrived</th>
            <th scope="col" className="n">
              Bytes
            </th>
            <th scope="col">SHA-256</th>
            <th scope="col">Shares of its own mask</th>
            <th scope="col">Shares of its mask key</th>
            <th scope="col">Readable alone</th>
          </tr>
        </thead>
        <tbody>
          {saw.sites.map((site) => (
            <SiteRow key={site.site} site={site} slot={sites.indexOf(site.site)} />
          ))}
          <tr className="bg-inset">
            <th scope="row" className="font-semibold!">
              Sum of {record.sites.length}
            </th>
            <td>masks cancel only here</td>
            <td className="n">{countText(record.sum.bytes)}</td>
            <td>
              <Digest of="the sum" digest={record.sum.digest} />
            </td>
            <td colSpan={2} className="text-fg-2">
              {threshold} shares rebuild a secret; fewer say nothing of it
            </td>
            <td>
              <Chip tone="info" icon={<Eye aria-hidden />}>
                Yes, by design
              </Chip>
            </td>
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function SiteRow({ site: { site, vector, seedFrom, keyFrom, readable }, slot }: { readonly site: SiteSaw; readonly slot: number }) {
  return (
    <tr>
      <th scope="row">
        <SiteKey site={site} slot={slot} />
      </th>
      <td className="whitespace-nowrap">
        {vector === null ? <span className="text-warn">dropped out, not in the sum</span> : "masked vector"}
        {vector?.kept === false && <span className="block text-12 text-fg-3">not kept any more</span>}
      </td>
      <td className="n">{vector === null ? "–" : countText(vector.bytes)}</td>
      <td>{vector === null ? "–" : <Digest of={`the vector of ${site}`} digest={vector.digest} />}</td>
      <Shares from={seedFrom} />
      <Shares from={keyFrom} />
      <td>
        {readable ? (
          <span className="inline-flex items-center gap-1.5 font-medium text-bad">
            <Eye size={14} aria-hidden />
            Yes
          </span>
        ) : (
          <span className="inline-flex items-center gap-1.5 font-medium text-accent">
            <Lock size={14} aria-hidden />
            No
          </span>
        )}
      </td>
    </tr>
  );
}

function Shares({ from }: { readonly from: readonly string[] }) {
  if (from.length === 0) return <td className="text-fg-3">none</td>;
  return (
    <td title={`from ${from.join(", ")}`}>
      {from.length <= 4 ? (
        <>
          <span className="tabular-nums">{from.length}</span> <span className="text-12 text-fg-2">from {from.join(", ")}</span>
        </>
      ) : (
        `from ${plural(from.length, "site")}`
      )}
    </td>
  );
}

function Digest({ digest, of }: { readonly digest: string; readonly of: string }) {
  return (
    <span className="flex items-center gap-1 font-mono text-12 whitespace-nowrap">
      {shortDigest(digest)}
      <CopyButton text={digest} what={`SHA-256 of ${of}`} iconOnly />
    </span>
  );
}
