import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { healthQuery } from "../api/resources";
import { Icon } from "../components/Icon";
import { utcSecond } from "../format/time";
import { useWorkplace } from "../state/environment";

/**
 * Says on every page that mitigation is stopped, or that a policy has gone beyond its budget. The figures change every few seconds: only the
 * words that do not are announced.
 */
export function MitigationBanner() {
  const { environment } = useWorkplace();
  const { data: health } = useQuery(healthQuery(environment.name));
  if (!health) return null;
  const { stop, open } = health.mitigation;
  if (!stop && open.length === 0) return null;
  return (
    <section className={stop ? "mitigation-banner mitigation-banner-stopped" : "mitigation-banner"} aria-label="State of mitigation" data-testid="mitigation-banner">
      <Icon name={stop ? "pause" : "bolt"} size={14} />
      <span>
        {stop && (
          <>
            <strong aria-live="assertive">All mitigation is stopped</strong> until {utcSecond(stop.until)} UTC by {stop.who || "an operator"}
            {stop.why !== "" && `: ${stop.why}`}.{" "}
          </>
        )}
        {open.length > 0 && (
          <>
            <strong aria-live="assertive">{open.length === 1 ? "A circuit breaker is open" : `${open.length} circuit breakers are open`}</strong>: {open.map(describe).join("; ")}. What{" "}
            {open.length === 1 ? "it" : "they"} would do is only recorded.
          </>
        )}
      </span>
      <Link href={`/mitigation?env=${encodeURIComponent(environment.name)}`}>Mitigation</Link>
    </section>
  );
}

function describe({ policy, since, why }: { policy: string; since: string; why: string }): string {
  return `${policy} since ${utcSecond(since).slice(11)} UTC${why === "" ? "" : `, as ${why}`}`;
}
