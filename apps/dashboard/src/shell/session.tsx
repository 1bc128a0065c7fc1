"use client";
import type { Me } from "@engraft/coordinator/api/views";
import { createContext, use } from "react";

const MeContext = createContext<Me | undefined>(undefined);
export const MeProvider = MeContext.Provider;

export function useMe(): Me {
  const me = use(MeContext);
  if (me === undefined) throw new Error("Bug: useMe before signing in");
  return me;
}

/** Researchers see the same pages without the buttons that only an admin may use. */
export const useIsAdmin = (): boolean => useMe().role === "admin";
