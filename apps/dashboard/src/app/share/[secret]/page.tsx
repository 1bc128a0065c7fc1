import type { Metadata } from "next";
import { SharedRunPage } from "../../../views/share/shared-run-page.tsx";

export const metadata: Metadata = { title: "Shared run", robots: { index: false, follow: false }, referrer: "no-referrer" };

export default async function Page({ params }: { readonly params: Promise<{ readonly secret: string }> }) {
  return <SharedRunPage secret={(await params).secret} />;
}
