"use client";
import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useLive } from "../api/live.tsx";
import { Button } from "../parts/button.tsx";
import { clockText } from "../parts/figures.ts";
import { useNow } from "../parts/time.tsx";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";

/** In the top bar of every page: whether what is seen is of now. */
export function ConnectionState() {
  const { connection } = useLive();
  const words = useWords(shellWords);
  if (connection.status === "lost") {
    return (
      <span className="live warn">
        <CloudOff size={14} aria-hidden />
        <span>
          {words.reconnecting}
          <span className="desk">{words.since(clockText(connection.since))}</span>
        </span>
      </span>
    );
  }
  return connection.status === "live" ? (
    <span className="live">
      <i aria-hidden />
      {words.live}
    </span>
  ) : (
    <span className="live">{words.connecting}</span>
  );
}

const PATIENCE_MS = 1200;

/** Across the page once a cut lasts: figures stay as they are and carry their time. */
export function OfflineBanner() {
  const { connection, tryNow } = useLive();
  const words = useWords(shellWords);
  const now = useNow();
  const lost = connection.status === "lost";
  const [patient, setPatient] = useState(true);
  useEffect(() => {
    setPatient(true);
    if (!lost) return;
    const timer = setTimeout(() => setPatient(false), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [lost]);
  if (!lost || patient) return null;
  const wait = connection.nextTry === null ? 0 : Math.max(0, Math.ceil((connection.nextTry - now) / 1000));
  return (
    <section aria-label={words.connection} className="sticky top-(--top) z-10 flex flex-wrap items-center gap-2.5 bg-warn-soft px-6 py-2">
      <CloudOff size={16} className="text-warn" aria-hidden />
      <p className="min-w-0 flex-1">
        <b className="font-semibold">{words.cutSince(clockText(connection.since))}</b> {words.cutSafe} {words.nextTry(wait)}
      </p>
      <Button size="small" onClick={tryNow}>
        {words.tryNow}
      </Button>
    </section>
  );
}
