"use client";
import { Ellipsis } from "lucide-react";
import dynamic from "next/dynamic";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { useRef, useState } from "react";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";
import { isCurrent, useItems } from "./items.tsx";

/** Comes when it is asked for: a wide screen never does. */
const MoreSheet = dynamic(() => import("./more-sheet.tsx").then((module) => module.MoreSheet));

/** What somebody looks for on the way; the rest is one tap further. */
const TABS: ReadonlySet<string> = new Set(["/", "/runs", "/plans", "/sites"]);

/** The navigation of a phone. */
export function TabBar() {
  const words = useWords(shellWords);
  const pathname = usePathname();
  const items = useItems();
  const [open, setOpen] = useState(false);
  const more = useRef<HTMLButtonElement>(null);
  const current = (href: string) => (isCurrent(pathname, href) ? ("page" as const) : undefined);
  const tabs = items.filter(({ href }) => TABS.has(href));
  const within = !tabs.some(({ href }) => isCurrent(pathname, href));
  return (
    <>
      <nav className="tabbar" aria-label={words.phoneNavigation}>
        {tabs.map(({ href, name, icon: Icon }) => (
          <Link key={href} href={href} aria-current={current(href)}>
            <Icon size={20} strokeWidth={1.75} aria-hidden />
            {words.pages[name]}
          </Link>
        ))}
        <button
          ref={more}
          type="button"
          aria-haspopup="dialog"
          aria-expanded={open}
          aria-current={within || undefined}
          onClick={() => setOpen(true)}
        >
          <Ellipsis size={20} strokeWidth={1.75} aria-hidden />
          {words.more}
        </button>
      </nav>
      {open && <MoreSheet items={items.filter(({ href }) => !TABS.has(href))} opener={more} onClose={() => setOpen(false)} />}
    </>
  );
}
