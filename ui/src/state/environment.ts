import { createContext, useContext } from "react";
import type { Environment, Me } from "../api/types";

/** Who is logged in, and the environment the pages look at. */
export interface Workplace {
  me: Me;
  environment: Environment;
  switchTo: (name: string) => void;
}

export const WorkplaceContext = createContext<Workplace | undefined>(undefined);

export function useWorkplace(): Workplace {
  const workplace = useContext(WorkplaceContext);
  if (!workplace) throw new Error("useWorkplace outside of the shell");
  return workplace;
}

/** The permission's wire name, such as "sessions:export". */
export function may(environment: Environment, permission: string): boolean {
  return environment.permissions.includes(permission);
}
