import type { Health } from "../api/types";
import type { LiveState } from "../state/live";
import { counted } from "../format/words";

export type Level = "good" | "uneasy" | "bad" | "unknown";

/** One word for how the system is, with the reason. */
export interface Summary {
  level: Level;
  text: string;
}

const badStates = ["unavailable", "failed", "stopped", "full"];

export function summarise(health: Health | undefined, live: LiveState): Summary {
  if (!health) return { level: "unknown", text: "Unknown" };
  if (badStates.includes(health.log.state)) return { level: "bad", text: "Log not writing" };
  if (badStates.includes(health.warehouse.state)) return { level: "bad", text: "Warehouse unavailable" };
  if (health.log.state !== "ok") return { level: "uneasy", text: `Log ${health.log.state}` };
  if (health.warehouse.state !== "ok") {
    return { level: "uneasy", text: `${counted(health.warehouse.lag_records, "event")} behind` };
  }
  if (live === "lost") return { level: "uneasy", text: "Live updates lost" };
  return { level: "good", text: "Healthy" };
}
