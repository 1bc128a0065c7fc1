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

/** Whether this person's role may call this procedure or route of the coordinator's table: what it may not is not offered. */
export const useMay = (name: string): boolean => useMe().may.includes(name);
