import { Link } from "wouter";
import { Icon } from "../../components/Icon";
import { useWorkplace } from "../../state/environment";

/** To the search; the very one this session was opened from, where there is one. */
export function BackLink() {
  const { environment } = useWorkplace();
  return (
    <Link
      href={`/search?env=${encodeURIComponent(environment.name)}`}
      className="back-link"
      onClick={(event) => {
        const state: unknown = window.history.state;
        if (typeof state !== "object" || state === null || !("fromSearch" in state)) return;
        event.preventDefault();
        window.history.back();
      }}
    >
      <Icon name="left" size={14} />
      Search
    </Link>
  );
}
