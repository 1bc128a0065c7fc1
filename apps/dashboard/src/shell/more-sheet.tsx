"use client";
import { UserRound } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { RefObject } from "react";
import { Dialog } from "../parts/dialog.tsx";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";
import { isCurrent, type Item } from "./items.tsx";
import { useMe } from "./session.tsx";

interface MoreProps {
  readonly items: readonly Item[];
  readonly opener: RefObject<HTMLElement | null>;
  readonly onClose: () => void;
}

/** The pages that the tab bar has no room for, and the account. */
export function MoreSheet({ items, opener, onClose }: MoreProps) {
  const words = useWords(shellWords);
  const me = useMe();
  const pathname = usePathname();
  const links = [...items, { href: "/account", name: "account", icon: UserRound } as const];
  return (
    <Dialog
      open
      opener={opener}
      onOpenChange={(open) => !open && onClose()}
      title={words.morePages}
      under={`${me.name} · ${words.roles[me.role]}`}
    >
      <nav className="sheet" aria-label={words.morePages}>
        <ul>
          {links.map(({ href, name, icon: Icon }) => (
            <li key={href}>
              <Link href={href} aria-current={isCurrent(pathname, href) ? "page" : undefined} onClick={onClose}>
                <Icon size={18} strokeWidth={1.75} aria-hidden />
                {words.pages[name]}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
    </Dialog>
  );
}
