import { useContext } from "react";
import { counted } from "../format/words";
import { LiveContext } from "../state/live";
import { Icon } from "./Icon";

interface LiveToggleProps {
  on: boolean;
  /** False when what is shown cannot change any more, for the reason given. */
  possible: boolean;
  why: string;
  /** Events that came while paused. */
  waiting: number;
  onChange: (on: boolean) => void;
}

/** Pauses and resumes live updates, and says how the stream is. */
export function LiveToggle({ on, possible, why, waiting, onChange }: LiveToggleProps) {
  const { state } = useContext(LiveContext);
  const flowing = on && possible && state === "live";
  const word = !possible ? "Not live" : !on ? "Paused" : { live: "Live", connecting: "Connecting", lost: "Reconnecting" }[state];
  return (
    <button
      type="button"
      className={flowing ? "live live-on" : "live"}
      aria-pressed={on && possible}
      aria-label={`Live updates: ${word}`}
      title={possible ? (on ? "Pause live updates (l)" : "Resume live updates (l)") : why}
      disabled={!possible}
      data-testid="live-toggle"
      onClick={() => onChange(!on)}
    >
      <span className="live-dot" />
      {word}
      {!on && possible && waiting > 0 && <span className="live-waiting">{counted(waiting, "new event")}</span>}
      {possible && <Icon name={on ? "pause" : "play"} size={12} />}
    </button>
  );
}
