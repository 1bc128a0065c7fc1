"use client";
import { useQuery } from "@tanstack/react-query";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useState } from "react";
import { useTRPC } from "../../api/trpc.ts";
import { buttonClass } from "../../parts/button.tsx";
import { PageHead } from "../../parts/card.tsx";
import { Empty, Loaded, Skeleton } from "../../parts/states.tsx";
import { TopBar } from "../../shell/crumbs.tsx";
import { Main } from "../../shell/shell.tsx";
import { useWords } from "../../words/language.ts";
import { MAX_COMPARED } from "./choose-card.tsx";
import { compareWords } from "./words.ts";

/** The charts come while the list of runs is asked for. */
const Comparison = dynamic(() => import("./comparison.tsx").then((module) => module.Comparison), { loading: () => <Skeleton rows={10} /> });

const AT_FIRST = 10;

/** `chosen`: runs, with commas between them. Both stand in the address, so that a link shows the same. */
export function CompareRunsPage({ chosen, wanted }: { readonly chosen: string | undefined; readonly wanted: string | undefined }) {
  const trpc = useTRPC();
  const words = useWords(compareWords);
  const runs = useQuery(trpc.runs.list.queryOptions());
  const [asked, setAsked] = useState<readonly string[] | undefined>(chosen?.split(",").filter((run) => run !== ""));
  const [metric, setMetric] = useState(wanted);
  const change = (list: readonly string[], name: string | undefined): void => {
    setAsked(list);
    setMetric(name);
    // The page changes at once; the address follows, without a way to the server.
    const named = name === undefined ? "" : `&metric=${encodeURIComponent(name)}`;
    history.replaceState(null, "", `/runs/compare?runs=${list.map(encodeURIComponent).join(",")}${named}`);
  };
  return (
    <Main bar={<TopBar crumbs={[{ text: words.runs, href: "/runs" }, { text: words.title }]} />}>
      <PageHead title={words.title} under={words.under} />
      <Loaded query={runs} rows={10}>
        {(list) => {
          const there = new Set(list.map(({ run }) => run));
          const compared = (asked ?? list.slice(0, AT_FIRST).map(({ run }) => run)).filter((run) => there.has(run)).slice(0, MAX_COMPARED);
          return list.length === 0 ? (
            <section className="card" aria-label={words.title}>
              <Empty
                title={words.nothing}
                action={
                  <Link className={buttonClass()} href="/plans">
                    {words.openPlans}
                  </Link>
                }
              >
                {words.nothingWhy}
              </Empty>
            </section>
          ) : (
            <Comparison runs={list} compared={compared} wanted={metric} onChange={change} />
          );
        }}
      </Loaded>
    </Main>
  );
}
