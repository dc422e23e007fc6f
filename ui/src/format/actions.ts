import type { Action } from "../api/types";
import type { IconName } from "../components/Icon";
import { plainWords } from "./words";

/** What analysts call a kind of action, as the server's search form does, and its sign. */
const kinds: Record<string, { human: string; icon: IconName }> = {
  drop: { human: "Connection dropped", icon: "cross" },
  block: { human: "Blocked", icon: "block" },
  maintenance: { human: "Maintenance page", icon: "screen" },
  redirect: { human: "Redirected", icon: "right" },
  feign: { human: "Feigned answer", icon: "mask" },
  decoy: { human: "Sent to a decoy", icon: "decoy" },
  challenge: { human: "Check", icon: "shield" },
  second_factor: { human: "Second factor", icon: "key" },
  rate_limit: { human: "Rate limited", icon: "filter" },
  delay: { human: "Delayed", icon: "clock" },
  rewrite: { human: "Rewritten", icon: "pen" },
  inject: { human: "Content added", icon: "plus" },
  tag: { human: "Tagged for the application", icon: "tag" },
  webhook: { human: "Webhook", icon: "bolt" },
  notify: { human: "Message", icon: "bolt" },
};

export function kindName(kind: string): string {
  return kinds[kind]?.human ?? plainWords(kind);
}

export function kindIcon(kind: string): IconName {
  return kinds[kind]?.icon ?? "bolt";
}

/** Kinds after which the application does not see the request. */
const ending = ["drop", "block", "maintenance", "redirect", "feign", "decoy", "challenge", "second_factor", "rate_limit"];

export function endsRequest({ kind, outcome, shadow }: Action): boolean {
  return ending.includes(kind) && outcome === "done" && !shadow;
}

export type Tone = "good" | "bad" | "plain";

/** How an action went, in a few words. */
export function outcomeOf({ kind, outcome, shadow }: Action): { text: string; tone: Tone } {
  if (shadow) return { text: "shadow, not done", tone: "plain" };
  switch (outcome) {
    case "":
      return { text: "asked", tone: "plain" };
    case "done":
      return { text: kind === "challenge" || kind === "second_factor" ? "offered" : "done", tone: "good" };
    case "passed":
      return { text: "check passed", tone: "good" };
    case "refused":
      return { text: "check failed", tone: "bad" };
    case "withheld":
      return { text: "withheld", tone: "plain" };
    case "unavailable":
      return { text: "not possible in this mode", tone: "bad" };
  }
  return { text: plainWords(outcome).toLowerCase(), tone: "bad" };
}

/** The policy an action belongs to: one with a condition of its own is a policy by itself. */
export function policyOf({ policy, name }: Action): string {
  return policy === "" ? name : policy;
}

const scopes: Record<string, string> = {
  session: "session",
  device: "device",
  person: "person",
  account: "account",
  address: "IP address",
};

export function scopeName(scope: string): string {
  return scopes[scope] ?? scope;
}

/** "42 %", "0.4 %"; "–" of nothing. */
export function share(part: number, whole: number): string {
  if (whole === 0) return "–";
  const percent = (part / whole) * 100;
  return `${percent > 0 && percent < 10 ? Number(percent.toPrecision(2)) : Math.round(percent)} %`;
}
