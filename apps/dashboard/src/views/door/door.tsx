import type { ReactNode } from "react";
import { Brand } from "../../shell/brand.tsx";

/** The frame of the two pages that need no session. */
export function Door({ title, under, children }: { readonly title: string; readonly under: ReactNode; readonly children: ReactNode }) {
  return (
    <main className="mx-auto grid min-h-dvh max-w-[400px] content-center gap-5 px-4 py-10">
      <Brand />
      <div>
        <h1>{title}</h1>
        <p className="text-fg-2">{under}</p>
      </div>
      {children}
    </main>
  );
}
