import type { ReactNode } from "react";
import { ApiError } from "../api/client";
import { DecodeError } from "../api/decode";
import { Icon } from "./Icon";

/** What a view shows when there is nothing to show, with advice. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="notice" role="status">
      <Icon name="search" size={20} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** What a view shows when its answer did not come. */
export function Failure({ error, retry }: { error: unknown; retry: () => void }) {
  const { title, advice } = explain(error);
  return (
    <div className="notice notice-failure" role="alert">
      <h2>{title}</h2>
      <p>{advice}</p>
      <button type="button" className="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

/** One line for a failure while older content stays visible. */
export function FailureBanner({ error, retry }: { error: unknown; retry: () => void }) {
  const { title, advice } = explain(error);
  return (
    <div className="banner" role="alert">
      <strong>{title}</strong>
      <span>{advice}</span>
      <button type="button" className="button button-quiet" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

export function explain(error: unknown): { title: string; advice: string } {
  if (error instanceof ApiError) return explainRefusal(error);
  if (error instanceof DecodeError) {
    return {
      title: "This page does not understand the Hub’s answer",
      advice: `Reload the page: it may be older than the server. (${error.message})`,
    };
  }
  return { title: "Something went wrong in this page", advice: "Reload the page and try again." };
}

function explainRefusal(error: ApiError): { title: string; advice: string } {
  switch (error.code) {
    case "warehouse_unavailable":
      return {
        title: "The warehouse is unavailable",
        advice: "Traffic flows on and events are kept in the log; sessions show here as soon as the warehouse is back.",
      };
    case "unreachable":
      return { title: "The Hub cannot be reached", advice: "Check your connection, and that Wayguard is running." };
    case "forbidden":
      return { title: "You may not see this", advice: error.message.startsWith("this person") ? sentence(error.message) : "Ask an administrator of this environment for the permission." };
    case "no_such_session":
      return {
        title: "There is no such session here",
        advice: "It may belong to another environment, or be older than the data that is kept.",
      };
    case "no_mitigation":
      return { title: "Nothing is done with requests here", advice: "This environment only looks on." };
    case "payments_off":
      return { title: "Nothing decides about payments here", advice: "This environment has no decision API. Its configuration says how to switch it on." };
    case "NOT_FOUND":
      return { title: "There is no such thing here", advice: "It may belong to another environment, have been deleted, or be older than what is kept." };
    case "bad_query":
      return { title: "The Hub refused this search", advice: sentence(error.message) };
  }
  return { title: "The Hub could not answer", advice: sentence(error.message) };
}

function sentence(text: string): string {
  if (text === "") return "Try again in a moment.";
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
