import type { ReactNode } from "react";
import { Link } from "wouter";
import { useWorkplace } from "../state/environment";
import { defaultState, searchAddress } from "../state/search-state";

interface SearchLinkProps {
  field: string;
  value: string;
  title?: string;
  label?: string;
  children: ReactNode;
}

/** Leads to the sessions that carry the value, over the span that links are counted in. */
export function SearchLink({ field, value, title, label, children }: SearchLinkProps) {
  const { environment } = useWorkplace();
  const address = searchAddress(environment.name, { ...defaultState, field, values: [value], range: { last: "90d" } });
  return (
    <Link href={address} title={title} aria-label={label} className="search-link">
      {children}
    </Link>
  );
}
