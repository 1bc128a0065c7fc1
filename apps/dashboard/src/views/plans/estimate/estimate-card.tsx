"use client";
import type { BaseView } from "@engraft/coordinator/api/views";
import { secondsFrom } from "@engraft/core/rounds/cost/past";
import { planCost, type PlanCost } from "@engraft/core/rounds/cost/plan-cost";
import type { Plan } from "@engraft/core/models/plan";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import type { ReactNode } from "react";
import { useTRPC } from "../../../api/trpc.ts";
import { Card } from "../../../parts/card.tsx";
import { bytesText, countText } from "../../../parts/figures.ts";
import { useWords } from "../../../words/language.ts";
import { estimateWords } from "./words.ts";

/** What a plan, proposed or being written, asks of each site. `sites`: those it is for. */
export function EstimateCard({
  plan,
  base,
  sites,
}: {
  readonly plan: Plan | undefined;
  readonly base: BaseView | undefined;
  readonly sites: readonly string[];
}) {
  const words = useWords(estimateWords);
  return (
    <Card title={words.title} aside={words.aside} padded>
      {plan === undefined || base === undefined ? (
        <p className="text-fg-2">{words.waiting}</p>
      ) : (
        <dl className="grid gap-3">
          <Figures plan={plan} cost={planCost(plan, base.manifest)} />
          {plan.summary === undefined && <Seconds plan={plan} base={base} sites={sites} />}
        </dl>
      )}
    </Card>
  );
}

function Fact({ name, value, children }: { readonly name: string; readonly value?: string; readonly children?: ReactNode }) {
  return (
    <div className="grid grid-cols-[1fr_auto] gap-x-3">
      <dt className="text-fg-2">{name}</dt>
      {value !== undefined && <dd className="num font-medium">{value}</dd>}
      {children !== undefined && <dd className="links col-span-2 text-12 text-fg-2">{children}</dd>}
    </div>
  );
}

function Figures({ plan, cost }: { readonly plan: Plan; readonly cost: PlanCost }) {
  const words = useWords(estimateWords);
  const { up, down, otherUp, rounds } = cost;
  const secure = plan.aggregation.method === "secure";
  const [sent, got] = [up.vector + up.exchange, down.vector + down.exchange];
  const chosen = plan.training.trainable.part;
  return (
    <>
      {plan.summary === undefined ? (
        <Fact name={words.trains} value={words.values(countText(cost.trained), countText(cost.total))}>
          <ul className="flex flex-wrap gap-x-3">
            {cost.depths.map(({ part, values }) => (
              <li key={part} className={part === chosen ? "text-fg" : undefined}>
                {words.depths[part]} {countText(values)}
                {part === chosen && ` (${words.chosen})`}
              </li>
            ))}
          </ul>
        </Fact>
      ) : (
        <Fact name={words.trains}>{words.nothing}</Fact>
      )}
      <Fact name={words.up} value={bytesText(sent)}>
        {secure ? words.parts(bytesText(up.vector), bytesText(up.exchange)) : words.plainVector}
        {otherUp !== null && `. ${words.other[plan.aggregation.method](bytesText(otherUp))}`}
      </Fact>
      <Fact name={words.down} value={bytesText(got)}>
        {secure ? words.downParts(bytesText(down.vector), bytesText(down.exchange)) : words.model}
      </Fact>
      {rounds > 1 && <Fact name={words.whole}>{words.wholeBytes(rounds, bytesText(rounds * sent), bytesText(rounds * got))}</Fact>}
    </>
  );
}

function Seconds({ plan, base, sites }: { readonly plan: Plan; readonly base: BaseView; readonly sites: readonly string[] }) {
  const words = useWords(estimateWords);
  const trpc = useTRPC();
  const past = useQuery({ ...trpc.plans.past.queryOptions({ base: base.digest }), staleTime: 60_000 });
  const timeText = (seconds: number): string => {
    if (seconds >= 90) return words.minutes(String(Math.round(seconds / 60)));
    return words.second(seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds)));
  };
  const known = (past.data ?? []).filter(({ site }) => sites.includes(site));
  if (past.data === undefined || known.length === 0) {
    const why = past.error !== null ? words.failed : past.data === undefined ? words.loading : words.unknown;
    return <Fact name={words.seconds}>{why}</Fact>;
  }
  return (
    <Fact name={words.seconds}>
      <ul className="grid gap-0.5">
        {sites.map((site) => {
          const one = known.find((each) => each.site === site);
          const seconds = one === undefined ? undefined : secondsFrom(one, plan, base.manifest);
          return (
            <li key={site} className="flex flex-wrap justify-between gap-x-3">
              <span>{site}</span>
              <span>
                {one === undefined || seconds === undefined ? (
                  one === undefined ? (
                    words.unknown
                  ) : (
                    words.incomparable
                  )
                ) : (
                  <>
                    {words.about(timeText(seconds))} · {words.from} <Link href={`/runs/${one.run}`}>{one.run}</Link>
                  </>
                )}
              </span>
            </li>
          );
        })}
      </ul>
    </Fact>
  );
}
