"use client";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { newApiClient, TRPCProvider } from "./trpc.ts";
import { isPassing, troubleOf } from "./trouble.ts";

/** Wherever the session is over, the page asks for the password and comes back here. */
function onQueryError(error: unknown): void {
  if (troubleOf(error).kind !== "signed-out" || location.pathname === "/login" || location.pathname === "/setup") return;
  location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

const newQueryClient = (): QueryClient =>
  new QueryClient({
    queryCache: new QueryCache({ onError: onQueryError }),
    defaultOptions: {
      queries: {
        staleTime: 1_000,
        refetchOnWindowFocus: true,
        networkMode: "always",
        retry: (count, error) => isPassing(error) && count < 2,
        retryDelay: (attempt) => 400 * 2 ** attempt,
      },
      mutations: { networkMode: "always", retry: false },
    },
  });

export function Providers({ children }: { readonly children: ReactNode }) {
  const [queryClient] = useState(newQueryClient);
  const [trpcClient] = useState(newApiClient);
  return (
    <QueryClientProvider client={queryClient}>
      <TRPCProvider trpcClient={trpcClient} queryClient={queryClient}>
        {children}
      </TRPCProvider>
    </QueryClientProvider>
  );
}
