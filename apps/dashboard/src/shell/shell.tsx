"use client";
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { LiveProvider } from "../api/live.tsx";
import { Providers } from "../api/providers.tsx";
import { useTRPC } from "../api/trpc.ts";
import { troubleOf } from "../api/trouble.ts";
import { Announcer } from "../parts/announce.tsx";
import { Failed, Skeleton } from "../parts/states.tsx";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";
import { Brand } from "./brand.tsx";
import { OfflineBanner } from "./connection.tsx";
import { Count, isCurrent, useItems } from "./items.tsx";
import { LanguageButton } from "./language.tsx";
import { MeProvider, useMe } from "./session.tsx";
import { SignOutButton } from "./sign-out.tsx";
import { TabBar } from "./tab-bar.tsx";
import { ThemeButton } from "./theme.tsx";

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
  const words = useWords(shellWords);
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
      {leaving ? <Skeleton label={words.opening} /> : <Failed error={me.error} retry={() => void me.refetch()} title={words.notOpened} />}
    </main>
  );
}

function Frame({ children }: { readonly children: ReactNode }) {
  const me = useMe();
  const words = useWords(shellWords);
  const pathname = usePathname();
  const items = useItems();
  const current = (href: string) => (isCurrent(pathname, href) ? ("page" as const) : undefined);
  return (
    <>
      <a className="skip" href="#content">
        {words.skip}
      </a>
      <div className="app">
        <div className="nav">
          <div className="brand">
            <Brand />
          </div>
          <nav aria-label={words.navigation}>
            <ul>
              {items.map(({ href, name, icon: Icon }) => (
                <li key={href}>
                  <Link href={href} aria-current={current(href)}>
                    <Icon size={16} strokeWidth={1.75} aria-hidden />
                    <span className="name">{words.pages[name]}</span>
                    <Count href={href} />
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <section className="foot flex items-center gap-2" aria-label={words.account}>
            <Link className="who min-w-0 flex-1 text-fg" href="/account" aria-current={current("/account")} title={words.account}>
              <div className="ell font-medium">{me.name}</div>
              <div className="ell text-12 text-fg-3">{words.roles[me.role]}</div>
            </Link>
            <div className="acts flex">
              <LanguageButton />
              <ThemeButton />
              <SignOutButton />
            </div>
          </section>
        </div>
        <div className="min-w-0">{children}</div>
      </div>
      <TabBar />
    </>
  );
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
