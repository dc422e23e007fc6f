import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useRef, useState } from "react";
import type { Decoder } from "../api/decode";
import * as decode from "../api/decoders";
import { healthQuery, liveAddress } from "../api/resources";
import type { LiveBatch } from "../api/types";

export type LiveState = "connecting" | "live" | "lost";
type Listener = (batch: LiveBatch) => void;

/** The one stream of an environment, shared by the pages. */
export interface Live {
  state: LiveState;
  subscribe: (listener: Listener) => () => void;
}

export const LiveContext = createContext<Live>({ state: "connecting", subscribe: () => () => undefined });

const retryPause = 5_000;

/** Opens the environment's live stream and keeps it open. */
export function useLiveStream(environment: string): Live {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>("connecting");
  const [listeners] = useState(() => new Set<Listener>());

  useEffect(() => {
    let source: EventSource | undefined;
    let retry: ReturnType<typeof setTimeout> | undefined;
    const open = () => {
      source = new EventSource(liveAddress(environment));
      source.onopen = () => setState("live");
      source.onerror = () => {
        setState("lost");
        // A refused stream (a restart, a full house) is closed for good by the browser: ask again ourselves.
        if (source?.readyState === EventSource.CLOSED) retry = setTimeout(open, retryPause);
      };
      source.addEventListener("records", (message: MessageEvent<string>) => {
        const batch = parse(message.data, decode.liveBatch);
        if (batch) for (const listener of listeners) listener(batch);
      });
      source.addEventListener("health", (message: MessageEvent<string>) => {
        const health = parse(message.data, decode.health);
        if (health) client.setQueryData(healthQuery(environment).queryKey, health);
      });
    };
    open();
    return () => {
      clearTimeout(retry);
      source?.close();
    };
  }, [client, environment, listeners]);

  const [subscribe] = useState(() => (listener: Listener) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  });
  return { state, subscribe };
}

/** A message that cannot be read is passed over: the next refresh shows what it would have told. */
export function parse<T>(data: string, decoder: Decoder<T>): T | undefined {
  try {
    return decoder(JSON.parse(data), "");
  } catch {
    return undefined;
  }
}

/** Calls back at most once per pause while batches arrive that matter, the last one included. */
export function useLiveRefresh(enabled: boolean, pause: number, matters: (batch: LiveBatch) => boolean, refresh: () => void) {
  const { subscribe } = useContext(LiveContext);
  const latest = useRef({ matters, refresh });
  useEffect(() => {
    latest.current = { matters, refresh };
  });
  useEffect(() => {
    if (!enabled) return;
    let due: ReturnType<typeof setTimeout> | undefined;
    const stop = subscribe((batch) => {
      if (due !== undefined || !latest.current.matters(batch)) return;
      due = setTimeout(() => {
        due = undefined;
        latest.current.refresh();
      }, pause);
    });
    return () => {
      stop();
      clearTimeout(due);
    };
  }, [enabled, pause, subscribe]);
}
