import { fileURLToPath } from "node:url";
import type { NextConfig } from "next";

export default {
  poweredByHeader: false,
  reactStrictMode: true,
  // The coordinator's proxy sits in front; it or the one before it compresses where that is wanted.
  compress: true,
  images: { unoptimized: true },
  turbopack: { root: fileURLToPath(new URL("../..", import.meta.url)) },
  experimental: { optimizePackageImports: ["radix-ui"] },
} satisfies NextConfig;
