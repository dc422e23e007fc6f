import { Link, useLocation } from "wouter";
import { Icon } from "../components/Icon";
import { Wordmark } from "../components/Wordmark";
import { may, useWorkplace } from "../state/environment";
import { EnvironmentPicker } from "./EnvironmentPicker";
import { HealthIndicator } from "./HealthIndicator";
import { ThemeToggle } from "./ThemeToggle";
import { UserMenu } from "./UserMenu";

export function TopBar({ onShortcuts }: { onShortcuts: () => void }) {
  const [location] = useLocation();
  const { environment } = useWorkplace();
  return (
    <header className="topbar">
      <Link href={`/search?env=${encodeURIComponent(environment.name)}`} className="topbar-home" aria-label="Wayguard, search">
        <Wordmark />
      </Link>
      <EnvironmentPicker />
      <nav aria-label="Pages">
        <Link
          href={`/search?env=${encodeURIComponent(environment.name)}`}
          className="topbar-link"
          aria-current={location === "/search" ? "page" : undefined}
        >
          Search
        </Link>
        <Link
          href={`/mitigation?env=${encodeURIComponent(environment.name)}`}
          className="topbar-link"
          aria-current={location === "/mitigation" ? "page" : undefined}
        >
          Mitigation
        </Link>
        {may(environment, "payments:view") && (
          <Link
            href={`/payments/decisions?env=${encodeURIComponent(environment.name)}`}
            className="topbar-link"
            aria-current={location.startsWith("/payments") ? "page" : undefined}
          >
            Payments
          </Link>
        )}
        {may(environment, "users:manage") && (
          <Link
            href={`/administration/users?env=${encodeURIComponent(environment.name)}`}
            className="topbar-link"
            aria-current={location.startsWith("/administration") ? "page" : undefined}
          >
            Administration
          </Link>
        )}
      </nav>
      <span className="topbar-space" />
      <HealthIndicator />
      <button
        type="button"
        className="icon-button topbar-keys"
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={onShortcuts}
      >
        <Icon name="keyboard" />
      </button>
      <ThemeToggle />
      <UserMenu />
    </header>
  );
}
