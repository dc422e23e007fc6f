import { createContext, useContext } from "react";
import type { Fields } from "../api/types";
import { plainWords } from "../format/words";

/** Human names of elements and event types, as the catalogue has them. */
export interface Names {
  element: (name: string) => string;
  eventType: (type: string) => string;
}

export function makeNames(fields: Fields | undefined): Names {
  const elements = new Map(fields?.fields.map(({ name, human }) => [name, human]));
  const types = new Map(fields?.event_types.map(({ type, human }) => [type, human]));
  return {
    element: (name) => elements.get(name) ?? plainWords(name),
    eventType: (type) => types.get(type) ?? plainWords(type),
  };
}

export const NamesContext = createContext<Names>(makeNames(undefined));

export function useNames(): Names {
  return useContext(NamesContext);
}
