import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { base, post, read } from "./client";
import { fallback, flag, list, number, object, oneOf, optionalNumber, optionalText, text, time } from "./decode";
import type { Decoder } from "./decode";
import type * as wire from "./mitigation-types";

const optionalTime = fallback(time, "");

const stop = object<wire.MitigationStop>({ since: optionalTime, until: time, who: text, why: optionalText });
const optionalStop = fallback<wire.MitigationStop | undefined>(stop, undefined);

/** TypeScript asks for a decoder of each field; one that may be missing decodes to undefined. */
export const mitigationHealth: Decoder<wire.MitigationHealth> = object<wire.MitigationHealth>({
  stop: optionalStop,
  open: list(object<wire.MitigationHealth["open"][number]>({ policy: text, since: time, until: optionalTime, why: optionalText })),
});

const breaker = object<wire.Breaker>({
  state: oneOf("closed", "open", "half_open"),
  since: optionalTime,
  until: optionalTime,
  looked: optionalNumber,
  dealt: optionalNumber,
  percent: optionalNumber,
  opened: optionalNumber,
});

const policy = object<wire.PolicyStatus>({
  name: text,
  mode: text,
  own: flag,
  scope: text,
  steps: list(object<wire.PolicyStep>({ action: text, kind: optionalText })),
  specs: list(text),
  percent: optionalNumber,
  control: optionalNumber,
  quiet: flag,
  dealing: optionalNumber,
  done: optionalNumber,
  withheld: optionalNumber,
  breaker: fallback<wire.Breaker | undefined>(breaker, undefined),
});

export const status = object<wire.MitigationStatus>({
  stop: optionalStop,
  policies: list(policy),
  checks: list(
    object<wire.CheckStatus>({
      check: text,
      family: optionalText,
      country: optionalText,
      signed_in: flag,
      offered: optionalNumber,
      passed: optionalNumber,
      refused: optionalNumber,
      looped: optionalNumber,
    }),
  ),
  feigned: list(object<wire.FeignStatus>({ policy: text, spec: text, as: text, ready: flag })),
  spared: list(object<wire.SparedVisitor>({ scope: text, element: optionalText, key: text, until: time, policy: optionalText })),
  spared_total: optionalNumber,
  loops_broken: optionalNumber,
  integrations: list(
    object<wire.IntegrationStatus>({
      name: text,
      kind: text,
      sent: optionalNumber,
      failed: optionalNumber,
      waiting: optionalNumber,
      open: flag,
      last_error: optionalText,
      last_sent: optionalTime,
    }),
  ),
});

const arm = object<wire.Arm>({
  sessions: number,
  rating_then: list(number),
  rating_now: list(number),
  attempts_before: number,
  attempts_after: number,
  reached_before: number,
  reached_after: number,
  succeeded_after: number,
  dwell_median_seconds: number,
  dwell_longest_seconds: number,
});

const effect = object<wire.Effect>({
  policy: text,
  kinds: list(text),
  done: number,
  withheld: number,
  unavailable: number,
  failed: number,
  passed: number,
  refused: number,
  shadow: number,
  asked: number,
  why: list(object<wire.Effect["why"][number]>({ reason: text, count: number })),
  dealt: arm,
  control: arm,
  touched: object<wire.Effect["touched"]>({ sessions: number, rated_normal: number, passed_check: number }),
  buckets: list(object<wire.Bucket>({ at: time, attempts: number, done: number, withheld: number })),
});

export const effects = object<wire.Effects>({ from: time, to: time, step_seconds: number, policies: list(effect) });

export const affected = object<wire.Affected>({
  policy: text,
  since: time,
  affected: list(
    object<wire.AffectedVisitor>({
      scope: text,
      element: optionalText,
      key: text,
      session_id: optionalText,
      device_id: optionalText,
      because: optionalText,
      action: optionalText,
      kind: optionalText,
      first: time,
      last: time,
      times: optionalNumber,
      until: optionalTime,
      honest: optionalText,
    }),
  ),
  total: number,
});

export const accounts = object<wire.TriedAccounts>({
  accounts: list(
    object<wire.TriedAccount>({
      element: text,
      value: text,
      display: optionalText,
      times: number,
      first: time,
      last: time,
      sessions: number,
      some_sessions: list(text),
      last_login: optionalTime,
    }),
  ),
  total: number,
  known: number,
});

const asked = (parameters: Record<string, string>) => new URLSearchParams(parameters).toString();

interface Span {
  from: string;
  to: string;
}

export function statusQuery(environment: string) {
  return queryOptions({
    queryKey: ["mitigation", environment],
    queryFn: ({ signal }) => read(`/mitigation?${asked({ environment })}`, status, signal),
    refetchInterval: 15_000,
  });
}

/** The key is the span as the analyst put it; the moment is only fixed when it is asked. */
export function effectsQuery(environment: string, key: string, span: () => Span) {
  return queryOptions({
    queryKey: ["effects", environment, key],
    queryFn: ({ signal }) => read(`/mitigation/effects?${asked({ environment, ...span() })}`, effects, signal),
    placeholderData: keepPreviousData,
  });
}

export function accountsQuery(environment: string, key: string, policyName: string, span: () => Span) {
  return queryOptions({
    queryKey: ["accounts", environment, policyName, key],
    queryFn: ({ signal }) => read(`/mitigation/accounts?${asked({ environment, policy: policyName, ...span() })}`, accounts, signal),
    placeholderData: keepPreviousData,
  });
}

export function affectedQuery(environment: string, policyName: string, since: string) {
  return queryOptions({
    queryKey: ["affected", environment, policyName, since],
    queryFn: ({ signal }) => read(`/mitigation/affected?${asked({ environment, policy: policyName, since })}`, affected, signal),
    retry: false,
  });
}

export function accountsAddress(environment: string, policyName: string, span: Span): string {
  return `${base}/mitigation/accounts.csv?${asked({ environment, policy: policyName, ...span })}`;
}

export function affectedAddress(environment: string, policyName: string, since: string): string {
  return `${base}/mitigation/affected.csv?${asked({ environment, policy: policyName, since })}`;
}

export function stopMitigation(environment: string, seconds: number, reason: string) {
  return post("/mitigation/stop", { environment, seconds, reason }, status);
}

export function resumeMitigation(environment: string, reason: string) {
  return post("/mitigation/go", { environment, reason }, status);
}

export function undoPolicy(environment: string, policyName: string, since: string, reason: string) {
  return post("/mitigation/undo", { environment, policy: policyName, since, reason }, object<{ affected: number }>({ affected: number }));
}

export function closeBreaker(environment: string, policyName: string, reason: string) {
  return post("/mitigation/breaker", { environment, policy: policyName, reason }, status);
}

export function unspare(environment: string, visitor: { scope: string; element: string; key: string }) {
  return post("/mitigation/unspare", { environment, scope: visitor.scope, element: visitor.element, key: visitor.key }, status);
}

export interface Sparing {
  scope: string;
  account?: { element: string; value: string };
  seconds: number;
  reason: string;
}

export function spareVisitor(environment: string, session: string, sparing: Sparing) {
  return post(
    `/sessions/${encodeURIComponent(session)}/spare`,
    { environment, ...sparing },
    object<{ scope: string; until: string }>({ scope: text, until: time }),
  );
}
