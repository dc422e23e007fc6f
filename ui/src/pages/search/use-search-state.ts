import { useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { useWorkplace } from "../../state/environment";
import type { SearchState } from "../../state/search-state";
import { parseState, searchAddress } from "../../state/search-state";

/** The search as the address bar holds it. An update makes a new entry in the browser's history. */
export function useSearchState(): [SearchState, (change: Partial<SearchState>) => void] {
  const search = useSearch();
  const [, navigate] = useLocation();
  const { environment } = useWorkplace();
  const state = useMemo(() => parseState(search), [search]);
  const update = (change: Partial<SearchState>) => navigate(searchAddress(environment.name, { ...state, page: 1, ...change }));
  return [state, update];
}
