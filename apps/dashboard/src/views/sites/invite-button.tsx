"use client";
import type { SiteView } from "@engraft/coordinator/api/views";
import { Plus } from "lucide-react";
import dynamic from "next/dynamic";
import { useState } from "react";
import { Button } from "../../parts/button.tsx";
import { useWords } from "../../words/language.ts";
import { SITES } from "./words.ts";

/** Fetched when somebody wants it: form, QR code and all. */
const InviteDialog = dynamic(() => import("./invite-dialog.tsx").then((module) => module.InviteDialog), { ssr: false });

export function InviteButton({ sites }: { readonly sites: readonly SiteView[] }) {
  const words = useWords(SITES);
  const [wanted, setWanted] = useState<"never" | "open" | "closed">("never");
  return (
    <>
      <Button kind="primary" aria-haspopup="dialog" onClick={() => setWanted("open")}>
        <Plus size={14} aria-hidden />
        {words.invite}
      </Button>
      {wanted !== "never" && (
        <InviteDialog sites={sites} open={wanted === "open"} onOpenChange={(open) => setWanted(open ? "open" : "closed")} />
      )}
    </>
  );
}
