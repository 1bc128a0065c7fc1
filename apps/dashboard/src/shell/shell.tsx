"use client";
import { useQuery } from "@tanstack/react-query";
import { Activity, FileText, Hospital, House, KeyRound, Package, ScrollText, Users, type LucideIcon } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { LiveProvider } from "../api/live.tsx";
import { Providers } from "../api/providers.tsx";
import { useTRPC } from "../api/trpc.ts";
import { troubleOf } from "../api/trouble.ts";
import { Announcer } from "../parts/announce.tsx";
import { Failed, Skeleton } from "../parts/states.tsx";
import { Brand } from "./brand.tsx";
import { OfflineBanner } from "./connection.tsx";
import { MeProvider, useMe } from "./session.tsx";
import { SignOutButton } from "./sign-out.tsx";
import { ThemeButton } from "./theme.tsx";

interface Item {
  readonly href: string;
  readonly name: string;
  readonly icon: LucideIcon;
  readonly admin?: boolean;
}

const ITEMS: readonly Item[] = [
  { href: "/", name: "Home", icon: House },
  { href: "/runs", name: "Runs", icon: Activity },
  { href: "/plans", name: "Plans", icon: FileText },
  { href: "/models", name: "Releases", icon: Package },
  { href: "/sites", name: "Sites", icon: Hospital },
  { href: "/tokens", name: "Your tokens", icon: KeyRound },
  { href: "/audit", name: "Audit", icon: ScrollText, admin: true },
  { href: "/users", name: "Users", icon: Users, admin: true },
];

export function Shell({ children }: { readonly children: ReactNode }) {
  return (
    <Providers>
      <Announcer>
        <SignedIn>{children}</SignedIn>
      </Announcer>
    </Providers>
  );
}

/** Nothing is asked for, and nothing shown, before it is known who looks. */
function SignedIn({ children }: { readonly children: ReactNode }) {
  const trpc = useTRPC();
  const me = useQuery(trpc.me.queryOptions());
  if (me.data !== undefined) {
    return (
      <MeProvider value={me.data}>
        <LiveProvider>
          <Frame>{children}</Frame>
        </LiveProvider>
      </MeProvider>
    );
  }
  const leaving = me.error === null || troubleOf(me.error).kind === "signed-out";
  return (
    <main className="main mx-auto max-w-[640px]">
      <div className="py-4">
        <Brand />
      </div>
      <h1 className="sr-only">Engraft</h1>
      {leaving ? (
        <Skeleton label="Opening the dashboard" />
      ) : (
        <Failed error={me.error} retry={() => void me.refetch()} title="The dashboard could not be opened" />
      )}
    </main>
  );
}

const isCurrent = (pathname: string, href: string): boolean =>
  href === "/" ? pathname === "/" : pathname === href || pathname.startsWith(`${href}/`);

function Frame({ children }: { readonly children: ReactNode }) {
  const me = useMe();
  const pathname = usePathname();
  const items = ITEMS.filter((item) => item.admin !== true || me.role === "admin");
  const current = (href: string) => (isCurrent(pathname, href) ? ("page" as const) : undefined);
  return (
    <>
      <a className="skip" href="#content">
        Go to the content
      </a>
      <div className="app">
        <div className="nav">
          <div className="brand">
            <Brand />
          </div>
          <nav aria-label="Main">
            <ul>
              {items.map(({ href, name, icon: Icon }) => (
                <li key={href}>
                  <Link href={href} aria-current={current(href)}>
                    <Icon size={16} strokeWidth={1.75} aria-hidden />
                    <span className="name">{name}</span>
                    <Count href={href} />
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <section className="foot flex items-center gap-2" aria-label="Your account">
            <div className="who min-w-0 flex-1">
              <div className="ell font-medium">{me.name}</div>
              <div className="ell text-12 text-fg-3">{me.role === "admin" ? "Admin" : "Researcher"}</div>
            </div>
            <div className="acts flex">
              <ThemeButton />
              <SignOutButton />
            </div>
          </section>
        </div>
        <div className="min-w-0">{children}</div>
      </div>
      <nav className="tabbar" aria-label="Main, phone">
        {ITEMS.slice(0, 5).map(({ href, name, icon: Icon }) => (
          <Link key={href} href={href} aria-current={current(href)}>
            <Icon size={20} strokeWidth={1.75} aria-hidden />
            {name}
          </Link>
        ))}
      </nav>
    </>
  );
}

/** Runs under way, plans that wait for approvals, sites online. */
function Count({ href }: { readonly href: string }) {
  const trpc = useTRPC();
  const home = useQuery(trpc.home.queryOptions()).data;
  const plans = useQuery({ ...trpc.plans.list.queryOptions(), enabled: href === "/plans" }).data;
  if (home === undefined) return null;
  if (href === "/runs" && home.running.length > 0)
    return (
      <span className="count" aria-label={`${home.running.length} running`}>
        {home.running.length}
      </span>
    );
  if (href === "/sites" && home.sites.length > 0) {
    const online = home.sites.filter((site) => site.online).length;
    return <span className="count" aria-label={`${online} of ${home.sites.length} online`}>{`${online}/${home.sites.length}`}</span>;
  }
  const waiting = plans?.filter((plan) => !plan.withdrawn && plan.approved < plan.needed).length ?? 0;
  if (href === "/plans" && waiting > 0)
    return (
      <span className="count w" aria-label={`${waiting} waiting for approvals`}>
        {waiting}
      </span>
    );
  return null;
}

/** A page's content below the top bar. */
export function Main({ bar, children }: { readonly bar: ReactNode; readonly children: ReactNode }) {
  return (
    <>
      {bar}
      <OfflineBanner />
      <main className="main" id="content" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
