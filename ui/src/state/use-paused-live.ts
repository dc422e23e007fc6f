import { useContext, useEffect, useRef, useState } from "react";
import type { LiveBatch, LiveRecord } from "../api/types";
import { LiveContext, useLiveRefresh } from "./live";

/** Live updates that a person can pause. */
export interface PausedLive {
  on: boolean;
  /** Events that came while paused. */
  waiting: number;
  toggle: () => void;
  /** Asks again now, paused or not. */
  refresh: () => void;
}

/** Refreshes at most once per pause (milliseconds) while events come that matter. */
export function usePausedLive(
  possible: boolean,
  pause: number,
  matters: (record: LiveRecord) => boolean,
  refresh: () => void,
): PausedLive {
  const [on, setOn] = useState(true);
  const [waiting, setWaiting] = useState(0);
  const { subscribe } = useContext(LiveContext);
  const latest = useRef(matters);
  useEffect(() => {
    latest.current = matters;
  });

  const batchMatters = (batch: LiveBatch) => batch.skipped > 0 || batch.records.some((record) => matters(record));
  useLiveRefresh(on && possible, pause, batchMatters, refresh);

  useEffect(() => {
    if (on || !possible) return;
    return subscribe((batch) => {
      const news = batch.records.filter((record) => latest.current(record)).length;
      setWaiting((before) => before + news);
    });
  }, [on, possible, subscribe]);

  const look = () => {
    setWaiting(0);
    refresh();
  };
  const toggle = () => {
    if (!possible) return;
    if (!on) look();
    setOn(!on);
  };
  return { on, waiting, toggle, refresh: look };
}
