import { Link } from "wouter";
import { SearchLink } from "../../components/SearchLink";
import { useWorkplace } from "../../state/environment";

interface VisitorLinkProps {
  visitor: { scope: string; element: string; key: string; session_id?: string };
}

/** Leads to a visitor's session, or to the search for all theirs. */
export function VisitorLink({ visitor }: VisitorLinkProps) {
  const { environment } = useWorkplace();
  const { scope, element, key, session_id: session = "" } = visitor;
  const name = <span className="mono">{key}</span>;
  if (scope === "account") return <SearchLink field={element} value={key}>{name}</SearchLink>;
  if (scope === "device") return <SearchLink field="journey_id" value={key}>{name}</SearchLink>;
  if (scope === "address" && !key.includes("/")) return <SearchLink field="ip_address" value={key}>{name}</SearchLink>;
  const target = scope === "session" ? key : session;
  if (target === "") return name;
  return <Link href={`/sessions/${encodeURIComponent(target)}?env=${encodeURIComponent(environment.name)}`}>{name}</Link>;
}
