import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { ApiError } from "../../api/client";
import { fieldsQuery } from "../../api/resources";
import { Empty } from "../../components/Notice";
import { may, useWorkplace } from "../../state/environment";
import { NamesContext, makeNames } from "../../state/names";
import { useTitle } from "../../state/use-title";
import { pageAddress } from "./links";

const parts = [
  { part: "decisions", title: "Decisions" },
  { part: "reviews", title: "Reviews" },
  { part: "analytics", title: "Analytics" },
  { part: "rulesets", title: "Rulesets" },
  { part: "lists", title: "Lists" },
  { part: "interceptors", title: "Interceptors" },
  { part: "connections", title: "Connections" },
] as const;

export type PaymentPart = (typeof parts)[number]["part"];

interface PaymentsPageProps {
  part: PaymentPart;
  title: string;
  /** What stands at the right of the head. */
  tools?: ReactNode;
  children: ReactNode;
}

/** The frame of every page about payments: its heading, the way to the other parts, and who may see it. */
export function PaymentsPage({ part, title, tools, children }: PaymentsPageProps) {
  const { environment } = useWorkplace();
  const fields = useQuery(fieldsQuery(environment.name));
  useTitle(title);
  if (!may(environment, "payments:view")) {
    return (
      <Empty title="You may not see payments">
        <p>
          Your role in {environment.name} is {environment.role}. Ask an administrator of this environment.
        </p>
      </Empty>
    );
  }
  return (
    <NamesContext value={makeNames(fields.data)}>
      <div className="page page-payments">
        <div className="session-head">
          <h1>{title}</h1>
          <nav className="parts-nav" aria-label="Parts of payments">
            {parts.map(({ part: other, title: name }) => (
              <Link key={other} href={pageAddress(environment.name, `/payments/${other}`)} aria-current={other === part ? "page" : undefined}>
                {name}
              </Link>
            ))}
          </nav>
          <span className="toolbar-space" />
          {tools}
        </div>
        {children}
      </div>
    </NamesContext>
  );
}

/** True for the answer of an environment without payment decisions. */
export function isOff(error: unknown): boolean {
  return error instanceof ApiError && error.code === "payments_off";
}

/** What stands where nothing decides about payments. */
export function PaymentsOff() {
  return (
    <Empty title="Nothing decides about payments here">
      <p>This environment has no decision API. Its configuration says how to switch it on.</p>
    </Empty>
  );
}
