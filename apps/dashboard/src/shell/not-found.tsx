"use client";
import Link from "next/link";
import { useWords } from "../words/language.ts";
import { shellWords } from "../words/shell.ts";
import { Brand } from "./brand.tsx";

export function NoSuchPage() {
  const words = useWords(shellWords);
  return (
    <main className="mx-auto grid max-w-[480px] gap-3 px-4 py-16">
      <Brand />
      <h1>{words.noPage}</h1>
      <p className="text-fg-2">{words.noPageWhy}</p>
      <p>
        <Link href="/">{words.goHome}</Link>
      </p>
    </main>
  );
}
