"use client";
/** One polite live region for the whole page: ends of rounds, "Copied". */
import { createContext, use, useCallback, useState, type ReactNode } from "react";
import { useWords } from "../words/language.ts";
import { partWords } from "../words/parts.ts";

const AnnounceContext = createContext<(text: string) => void>(() => {});

export const useAnnounce = (): ((text: string) => void) => use(AnnounceContext);

export function Announcer({ children }: { readonly children: ReactNode }) {
  const { announcements } = useWords(partWords);
  const [said, setSaid] = useState({ text: "", turn: 0 });
  const announce = useCallback((text: string) => setSaid((before) => ({ text, turn: before.turn + 1 })), []);
  return (
    <AnnounceContext value={announce}>
      {children}
      <div className="sr-only" role="status" aria-live="polite" aria-label={announcements}>
        {/* Another element for each turn: the same words twice are spoken twice. */}
        <span key={said.turn}>{said.text}</span>
      </div>
    </AnnounceContext>
  );
}
