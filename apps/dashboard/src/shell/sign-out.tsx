"use client";
import { LogOut } from "lucide-react";
import { useState } from "react";
import { signOut } from "../api/auth.ts";
import { useAnnounce } from "../parts/announce.tsx";
import { Button } from "../parts/button.tsx";

export function SignOutButton() {
  const announce = useAnnounce();
  const [busy, setBusy] = useState(false);
  const leave = async (): Promise<void> => {
    setBusy(true);
    // A full load: nothing of this session stays in memory.
    if (await signOut()) location.assign("/login");
    else {
      setBusy(false);
      announce("You are still signed in: the coordinator does not answer.");
    }
  };
  return (
    <Button kind="ghost" icon size="small" aria-label="Sign out" title="Sign out" blocked={busy} onClick={() => void leave()}>
      <LogOut size={16} aria-hidden />
    </Button>
  );
}
