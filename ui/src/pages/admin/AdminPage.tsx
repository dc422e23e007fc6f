import { Link } from "wouter";
import { Empty } from "../../components/Notice";
import { may, useWorkplace } from "../../state/environment";
import { useTitle } from "../../state/use-title";
import { AuditCard } from "./AuditCard";
import { UsersCard } from "./UsersCard";

type Part = "users" | "audit";

const parts: readonly { part: Part; title: string }[] = [
  { part: "users", title: "Users" },
  { part: "audit", title: "Audit" },
];

/** Who may log in to the environment, and what was done there. */
export function AdminPage({ part }: { part: Part }) {
  const { environment } = useWorkplace();
  useTitle("Administration");
  if (!may(environment, "users:manage")) {
    return (
      <Empty title="Only administrators see this">
        <p>
          Your role in {environment.name} is {environment.role}. Ask an administrator of this environment.
        </p>
      </Empty>
    );
  }
  return (
    <div className="page page-admin">
      <div className="session-head">
        <h1>Administration</h1>
        <nav className="parts-nav" aria-label="Parts of the administration">
          {parts.map(({ part: other, title }) => (
            <Link
              key={other}
              href={`/administration/${other}?env=${encodeURIComponent(environment.name)}`}
              aria-current={other === part ? "page" : undefined}
            >
              {title}
            </Link>
          ))}
        </nav>
      </div>
      {part === "users" ? <UsersCard /> : <AuditCard />}
    </div>
  );
}
