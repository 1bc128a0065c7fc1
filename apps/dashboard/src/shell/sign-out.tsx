"use client";
import { LogOut } from "lucide-react";
import { useState } from "react";
import { signOut } from "../api/auth.ts";
import { useAnnounce } from "../parts/announce.tsx";
import { Button } from "../parts/button.tsx";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";

export function SignOutButton() {
  const announce = useAnnounce();
  const words = useWords(shellWords);
  const [busy, setBusy] = useState(false);
  const leave = async (): Promise<void> => {
    setBusy(true);
    // A full load: nothing of this session stays in memory.
    if (await signOut()) location.assign("/login");
    else {
      setBusy(false);
      announce(words.stillIn);
    }
  };
  return (
    <Button kind="ghost" icon size="small" aria-label={words.signOut} title={words.signOut} blocked={busy} onClick={() => void leave()}>
      <LogOut size={16} aria-hidden />
    </Button>
  );
}
