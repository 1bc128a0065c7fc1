"use client";
import { ChevronRight } from "lucide-react";
import Link from "next/link";
import { useEffect } from "react";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";
import { ConnectionState } from "./connection.tsx";
import { Find } from "./find.tsx";
import { LanguageButton } from "./language.tsx";
import { SignOutButton } from "./sign-out.tsx";
import { ThemeButton } from "./theme.tsx";

export interface Crumb {
  readonly text: string;
  readonly href?: string;
}

/** The bar above every page: where one is, find, and whether the page is live. */
export function TopBar({ crumbs }: { readonly crumbs: readonly Crumb[] }) {
  const words = useWords(shellWords);
  // The server names the tab in English; from here on it follows the page.
  const here = crumbs.at(-1)?.text;
  useEffect(() => {
    if (here !== undefined) document.title = `${here} · Engraft`;
  }, [here]);
  return (
    <header className="topbar">
      <nav aria-label={words.breadcrumb} className="min-w-0">
        <ol className="crumbs">
          {crumbs.map((crumb, index) => (
            <li key={crumb.text}>
              {index > 0 && <ChevronRight size={14} aria-hidden className="flex-none" />}
              {crumb.href === undefined ? <span aria-current="page">{crumb.text}</span> : <Link href={crumb.href}>{crumb.text}</Link>}
            </li>
          ))}
        </ol>
      </nav>
      <div className="ml-auto flex items-center gap-4">
        <Find />
        <ConnectionState />
        <div className="phone flex">
          <LanguageButton />
          <ThemeButton />
          <SignOutButton />
        </div>
      </div>
    </header>
  );
}
