import type { ReactNode } from "react";
import { Link } from "wouter";
import { useWorkplace } from "../../state/environment";

/** The address of a page in this environment. */
export function pageAddress(environment: string, path: string, parameters: Record<string, string> = {}): string {
  return `${path}?${new URLSearchParams({ ...parameters, env: environment }).toString()}`;
}

export function decisionAddress(environment: string, id: string): string {
  return pageAddress(environment, `/payments/decisions/${encodeURIComponent(id)}`);
}

export function PageLink({ path, parameters, className, children }: { path: string; parameters?: Record<string, string>; className?: string; children: ReactNode }) {
  const { environment } = useWorkplace();
  return (
    <Link href={pageAddress(environment.name, path, parameters)} {...(className === undefined ? {} : { className })}>
      {children}
    </Link>
  );
}

interface EntityLinkProps {
  element: string;
  value: string;
  /** What stands there instead of the value. */
  children?: ReactNode;
}

/** Leads to the page of an entity: the sessions and the decisions that share it. */
export function EntityLink({ element, value, children }: EntityLinkProps) {
  if (value === "") return <span className="faint">–</span>;
  return (
    <PageLink path={`/entities/${encodeURIComponent(element)}/${encodeURIComponent(value)}`} className="mono entity-link">
      {children ?? value}
    </PageLink>
  );
}
