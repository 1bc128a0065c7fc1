"use client";
import type { RoundRecordView } from "@engraft/coordinator/api/views";
import { Eye, Lock } from "lucide-react";
import { Chip } from "../../../parts/chip.tsx";
import { CopyButton } from "../../../parts/copy.tsx";
import { countText, shortDigest } from "../../../parts/figures.ts";
import { SiteKey } from "../../../parts/site-key.tsx";
import { useWords } from "../../../words/language.ts";
import { SAW_WORDS } from "../words/secure.ts";
import type { Saw, SiteSaw } from "./saw.ts";
import { ScrollTable } from "../../../parts/table-region.tsx";

interface TableProps {
  readonly record: RoundRecordView;
  readonly saw: Saw;
  /** The run's sites, for their marks. */
  readonly sites: readonly string[];
  readonly threshold: number;
}

/** What arrived and what was released, site by site. */
export function SawTable({ record, saw, sites, threshold }: TableProps) {
  const words = useWords(SAW_WORDS);
  return (
    <ScrollTable className="border-t border-line" label={words.region} caption={words.caption}>
      <thead>
        <tr>
          <th scope="col">{words.site}</th>
          <th scope="col">{words.arrived}</th>
          <th scope="col" className="n">
            {words.bytes}
          </th>
          <th scope="col">SHA-256</th>
          <th scope="col">{words.ownMask}</th>
          <th scope="col">{words.maskKey}</th>
          <th scope="col">{words.alone}</th>
        </tr>
      </thead>
      <tbody>
        {saw.sites.map((site) => (
          <SiteRow key={site.site} site={site} slot={sites.indexOf(site.site)} />
        ))}
        <tr className="bg-inset">
          <th scope="row" className="font-semibold!">
            {words.sumOf(record.sites.length)}
          </th>
          <td>{words.cancel}</td>
          <td className="n">{countText(record.sum.bytes)}</td>
          <td>
            <Digest of={words.theSum} digest={record.sum.digest} />
          </td>
          <td colSpan={2} className="text-fg-2">
            {words.rebuild(threshold)}
          </td>
          <td>
            <Chip tone="info" icon={<Eye aria-hidden />}>
              {words.byDesign}
            </Chip>
          </td>
        </tr>
      </tbody>
    </ScrollTable>
  );
}

function SiteRow({ site: { site, vector, seedFrom, keyFrom, readable }, slot }: { readonly site: SiteSaw; readonly slot: number }) {
  const words = useWords(SAW_WORDS);
  return (
    <tr>
      <th scope="row">
        <SiteKey site={site} slot={slot} />
      </th>
      <td className="whitespace-nowrap">
        {vector === null ? <span className="text-warn">{words.dropped}</span> : words.masked}
        {vector?.kept === false && <span className="block text-12 text-fg-3">{words.notKept}</span>}
      </td>
      <td className="n">{vector === null ? "–" : countText(vector.bytes)}</td>
      <td>{vector === null ? "–" : <Digest of={words.vectorOf(site)} digest={vector.digest} />}</td>
      <Shares from={seedFrom} />
      <Shares from={keyFrom} />
      <td>
        {readable ? (
          <span className="inline-flex items-center gap-1.5 font-medium text-bad">
            <Eye size={14} aria-hidden />
            {words.yes}
          </span>
        ) : (
          <span className="inline-flex items-center gap-1.5 font-medium text-accent">
            <Lock size={14} aria-hidden />
            {words.no}
          </span>
        )}
      </td>
    </tr>
  );
}

function Shares({ from }: { readonly from: readonly string[] }) {
  const words = useWords(SAW_WORDS);
  if (from.length === 0) return <td className="text-fg-3">{words.none}</td>;
  return (
    <td title={words.from(from.join(", "))}>
      {from.length <= 4 ? (
        <>
          <span className="tabular-nums">{from.length}</span> <span className="text-12 text-fg-2">{words.from(from.join(", "))}</span>
        </>
      ) : (
        words.fromSome(from.length)
      )}
    </td>
  );
}

function Digest({ digest, of }: { readonly digest: string; readonly of: string }) {
  const words = useWords(SAW_WORDS);
  return (
    <span className="flex items-center gap-1 font-mono text-12 whitespace-nowrap">
      {shortDigest(digest)}
      <CopyButton text={digest} what={words.digestOf(of)} iconOnly />
    </span>
  );
}
