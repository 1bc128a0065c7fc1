import { GeistMono } from "geist/font/mono";
import { GeistSans } from "geist/font/sans";
import type { Metadata, Viewport } from "next";
import { headers } from "next/headers";
import type { ReactNode } from "react";
import { THEME_SCRIPT } from "../shell/theme-script.ts";
import { LANGUAGE_SCRIPT } from "../words/language-script.ts";
import "../styles/globals.css";

export const metadata: Metadata = {
  title: { default: "Engraft", template: "%s · Engraft" },
  description: "Federated transfer learning for hospitals",
  robots: { index: false, follow: false },
};
export const viewport: Viewport = { width: "device-width", initialScale: 1 };

/** The coordinator names the scripts of each answer by a nonce (its Content-Security-Policy), so that no other inline script runs. */
export default async function RootLayout({ children }: { readonly children: ReactNode }) {
  const nonce = (await headers()).get("x-nonce") ?? undefined;
  return (
    <html lang="en" className={`${GeistSans.variable} ${GeistMono.variable}`} suppressHydrationWarning>
      <head>
        <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: THEME_SCRIPT }} />
        <script nonce={nonce} suppressHydrationWarning dangerouslySetInnerHTML={{ __html: LANGUAGE_SCRIPT }} />
      </head>
      <body>{children}</body>
    </html>
  );
}
