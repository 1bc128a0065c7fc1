"use client";
/** The pages that the frame leads to, and what waits on them. */
import { useQuery } from "@tanstack/react-query";
import { Activity, BellRing, FileText, Hospital, House, KeyRound, Package, ScrollText, Users, type LucideIcon } from "lucide-react";
import { useTRPC } from "../api/trpc.ts";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";
import { useMe } from "./session.tsx";

export interface Item {
  readonly href: string;
  readonly name: keyof typeof shellWords.en.pages;
  readonly icon: LucideIcon;
  readonly admin?: boolean;
  /** A procedure that the page needs; without it the page is not offered. */
  readonly needs?: string;
}

const ITEMS: readonly Item[] = [
  { href: "/", name: "home", icon: House },
  { href: "/runs", name: "runs", icon: Activity },
  { href: "/plans", name: "plans", icon: FileText },
  { href: "/models", name: "releases", icon: Package },
  { href: "/sites", name: "sites", icon: Hospital },
  { href: "/tokens", name: "tokens", icon: KeyRound, needs: "tokens.list" },
  { href: "/alerts", name: "alerts", icon: BellRing, needs: "alerts.get" },
  { href: "/audit", name: "audit", icon: ScrollText, admin: true },
  { href: "/users", name: "users", icon: Users, admin: true },
];

/** Those that this person may see, in their order. */
export function useItems(): readonly Item[] {
  const me = useMe();
  return ITEMS.filter((item) => (item.admin !== true || me.role === "admin") && (item.needs === undefined || me.may.includes(item.needs)));
}

export const isCurrent = (pathname: string, href: string): boolean =>
  href === "/" ? pathname === "/" : pathname === href || pathname.startsWith(`${href}/`);

/** Runs under way, plans that wait for approvals, sites online. */
export function Count({ href }: { readonly href: string }) {
  const trpc = useTRPC();
  const words = useWords(shellWords);
  const home = useQuery(trpc.home.queryOptions()).data;
  const plans = useQuery({ ...trpc.plans.list.queryOptions(), enabled: href === "/plans" }).data;
  if (home === undefined) return null;
  if (href === "/runs" && home.running.length > 0)
    return (
      <span className="count" aria-label={words.running(home.running.length)}>
        {home.running.length}
      </span>
    );
  if (href === "/sites" && home.sites.length > 0) {
    const online = home.sites.filter((site) => site.online).length;
    return <span className="count" aria-label={words.online(online, home.sites.length)}>{`${online}/${home.sites.length}`}</span>;
  }
  const waiting = plans?.filter((plan) => !plan.withdrawn && plan.approved < plan.needed).length ?? 0;
  if (href === "/plans" && waiting > 0)
    return (
      <span className="count w" aria-label={words.waiting(waiting)}>
        {waiting}
      </span>
    );
  return null;
}
