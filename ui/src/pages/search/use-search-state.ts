import { useEffect, useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import type { Field } from "../../api/types";
import { useWorkplace } from "../../state/environment";
import { isKeyedHash } from "../../state/held";
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

/** True when values of the field belong into this page's memory and not into the address. */
export function mustHide(field: Field | undefined, values: readonly string[]): boolean {
  return field?.sensitive === true && !values.every(isKeyedHash);
}

/** Takes sensitive values out of an address that somebody else made, as soon as the catalogue says that they are. */
export function useCleanAddress(state: SearchState, fields: readonly Field[] | undefined): void {
  const [, navigate] = useLocation();
  const { environment } = useWorkplace();
  const exposed = !state.hidden && mustHide(fields?.find(({ name }) => name === state.field), state.values);
  const clean = exposed ? searchAddress(environment.name, { ...state, hidden: true }) : "";
  useEffect(() => {
    if (clean !== "") navigate(clean, { replace: true });
  }, [clean, navigate]);
}
