"use client";
import type { DirectoryView, PlanView, SiteView } from "@engraft/coordinator/api/views";
import { useQuery } from "@tanstack/react-query";
import { TriangleAlert } from "lucide-react";
import { useTRPC } from "../../../api/trpc.ts";
import { Card } from "../../../parts/card.tsx";
import { CodeLine, CopyButton, Words } from "../../../parts/copy.tsx";
import { useWords } from "../../../words/language.ts";
import { planWords, type PlanWords } from "../words.ts";

/** Who takes part, and the code by which stewards make sure that all of them see the same sites. */
export function DirectoryCard({ plan }: { readonly plan: PlanView }) {
  const words = useWords(planWords).directory;
  const trpc = useTRPC();
  const enrolled = useQuery(trpc.sites.list.queryOptions()).data ?? [];
  const { directory } = plan;
  if (directory === null || plan.plan.aggregation.method === "plain") return null;
  const keys = new Map<string, string>(plan.plan.aggregation.directory.map(({ site, publicKey }) => [site, publicKey]));
  return (
    <Card
      title={words.title}
      aside={words.sites(directory.sites.length)}
      end={<CopyButton text={directory.words.join(" ")} what={words.code} />}
    >
      <div className="grid gap-3 px-4 py-4">
        <Words words={directory.words} of={words.codeOf} />
        <p className="text-12 text-fg-2">{words.call}</p>
        <CodeLine code={`engraft-site directory ${plan.digest.slice(0, 12)}`} what={words.command} />
        <p className="text-12 text-fg-2">{numbersText(directory, words)}</p>
      </div>
      <ul className="list tight border-t border-line">
        {directory.sites.map((site) => (
          <Listed key={site.site} site={site} publicKey={keys.get(site.site)} known={enrolled.find(({ name }) => name === site.site)} />
        ))}
      </ul>
    </Card>
  );
}

function numbersText({ numbers: { sites, liars, minCohort } }: DirectoryView, words: PlanWords["directory"]): string {
  return words.numbers(sites, liars, minCohort);
}

interface ListedProps {
  readonly site: DirectoryView["sites"][number];
  /** As the plan pins it. */
  readonly publicKey: string | undefined;
  /** As it is enrolled now; undefined while that is not known. */
  readonly known: SiteView | undefined;
}

function Listed({ site: { site, operator, withCoordinator }, publicKey, known }: ListedProps) {
  const words = useWords(planWords).directory;
  return (
    <li>
      <div className="font-medium">{site}</div>
      {(operator !== site || withCoordinator) && (
        <div className="text-12 text-fg-2">
          {operator}
          {withCoordinator && words.runsCoordinator}
        </div>
      )}
      {known !== undefined &&
        (known.key === publicKey ? (
          <div className="font-mono text-12 wrap-anywhere text-fg-3">{known.words.join(" ")}</div>
        ) : (
          <div className="flex items-start gap-1.5 text-12 text-bad">
            <TriangleAlert size={14} className="mt-px flex-none" aria-hidden />
            {words.otherKey}
          </div>
        ))}
    </li>
  );
}
