"use client";
/** What the coordinator holds of a run's sums: asked for again after each sum that is opened, but not more often than needed. */
import type { Plan } from "@engraft/core/models/plan";
import type { RunView } from "@engraft/core/rounds/view";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { useTRPC } from "../../../api/trpc.ts";
import { heldOf, planNumbers, type Held } from "./saw.ts";
import { allRounds } from "./steps.ts";

/** All records are read anew each time. */
const BETWEEN_MS = 2000;

const NONE = [] as const;

export function useRecords(plan: Plan, view: RunView) {
  const trpc = useTRPC();
  const numbers = useMemo(() => planNumbers(plan), [plan]);
  const sums = allRounds(view).filter((round) => round.sum !== null).length;
  const options = trpc.runs.record.queryOptions({ run: view.run });
  const query = useQuery({ ...options, enabled: numbers !== null && sums > 0, staleTime: Infinity, refetchOnWindowFocus: false });
  const { data, dataUpdatedAt, errorUpdatedAt, refetch } = query;
  const behind = data !== undefined && data.length < sums;
  useEffect(() => {
    if (!behind) return;
    const timer = setTimeout(() => void refetch(), BETWEEN_MS);
    return () => clearTimeout(timer);
  }, [behind, dataUpdatedAt, errorUpdatedAt, refetch]);
  const held: Held = useMemo(() => heldOf(data ?? NONE, numbers), [data, numbers]);
  return { query, held, numbers };
}
