import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { change, post, read, readTagged } from "./client";
import { anything, dictionary, fallback, flag, list, number, object, oneOf, optionalNumber, optionalText, text, time } from "./decode";
import type { Decoder } from "./decode";
import { endless, onUnlessOff, partOf, paymentPath, segment, words } from "./payments";
import { decision } from "./payment-decisions";
import type * as wire from "./payment-ruleset-types";

const maybeNumber = fallback<number | undefined>(number, undefined);
const optionalTime = fallback(time, "");
export const status = oneOf<wire.Status>("DRAFT", "ACTIVE", "INACTIVE");

const ruleFields = object<Omit<wire.Rule, "raw">>({
  id: text,
  type: text,
  name: optionalText,
  description: optionalText,
  action: optionalText,
  enabled: onUnlessOff,
  live: onUnlessOff,
  terminal: flag,
  score: optionalNumber,
  three_ds: optionalText,
  condition: anything,
  expression: optionalText,
  fields: words,
  ttl_seconds: optionalNumber,
  populate_on: words,
  backend: optionalText,
  members: list(object<wire.Member>({ backend: text, live: onUnlessOff, weight: optionalNumber })),
  strategy: optionalText,
  merge: optionalText,
  async: flag,
  on_error: optionalText,
});

const rule: Decoder<wire.Rule> = (value, path) => ({ ...ruleFields(value, path), raw: value });

export const ruleset = object<wire.Ruleset>({
  id: text,
  context: text,
  description: optionalText,
  created_by: optionalText,
  created_at: time,
  activated_at: optionalTime,
  rules: list(rule),
  status,
  version: number,
  score: fallback<wire.Thresholds | undefined>(object<wire.Thresholds>({ review_at: optionalNumber, block_at: optionalNumber }), undefined),
});

const performance = object<wire.Performance>({
  decisions: number,
  truncated: flag,
  fraud: optionalNumber,
  rules: list(
    object<wire.RulePerformance>({
      rule_id: text,
      name: optionalText,
      hits: optionalNumber,
      shadow_hits: optionalNumber,
      share: optionalNumber,
      fraud: optionalNumber,
      precision: maybeNumber,
      last_hit: optionalText,
    }),
  ),
});

const amounts = dictionary(number);
const tally = object<wire.Tally>({ count: number, money: amounts });

const side = object<wire.Side>({
  allowed: tally,
  reviewed: tally,
  blocked: tally,
  fraud_caught: tally,
  fraud_missed: tally,
  good_hit: tally,
  precision: maybeNumber,
  recall: maybeNumber,
  saved: amounts,
});

const changed = object<wire.Changed>({
  count: number,
  fraud: optionalNumber,
  money: amounts,
  examples: list(
    object<wire.Example>({ id: text, recorded: text, candidate: text, amount: number, currency: text, fraud: flag, rules: words }),
  ),
});

export const report = object<wire.Report>({
  decisions: number,
  skipped: optionalNumber,
  truncated: flag,
  candidate: side,
  recorded: side,
  newly_hit: changed,
  no_longer_hit: changed,
});

const rulesets = partOf(ruleset);

export function rulesetsQuery(environment: string, context: string) {
  return infiniteQueryOptions({
    queryKey: ["rulesets", environment, context],
    queryFn: ({ signal, pageParam }) =>
      read(paymentPath(environment, "admin/rulesets", { context, limit: "50", after: pageParam }), rulesets, signal),
    ...endless,
  });
}

/** One version with its entity tag: a change says which state it changes. */
export function rulesetQuery(environment: string, id: string) {
  return queryOptions({
    queryKey: ["ruleset", environment, id],
    queryFn: ({ signal }) => readTagged(paymentPath(environment, `admin/rulesets/${segment(id)}`), ruleset, signal),
    retry: false,
  });
}

export function performanceQuery(environment: string, id: string, key: string, span: () => { from: string; to: string }) {
  return queryOptions({
    queryKey: ["ruleset-performance", environment, id, key],
    queryFn: ({ signal }) => read(paymentPath(environment, `admin/rulesets/${segment(id)}/performance`, span()), performance, signal),
    retry: false,
  });
}

export function createRuleset(environment: string, body: object) {
  return post(paymentPath(environment, "admin/rulesets"), body, ruleset);
}

export function saveRuleset(environment: string, id: string, body: unknown, tag: string) {
  return change(paymentPath(environment, `admin/rulesets/${segment(id)}`), body, ruleset, tag);
}

export type RulesetVerb = "activate" | "rollback" | "clone";

export function moveRuleset(environment: string, id: string, verb: RulesetVerb) {
  return post(paymentPath(environment, `admin/rulesets/${segment(id)}/${verb}`), {}, ruleset);
}

export function backtest(environment: string, id: string, span: { from: string; to: string }) {
  return post(paymentPath(environment, "admin/backtests"), { ruleset_id: id, ...span }, report);
}

/** What a version would decide about a payment, and why; nothing is counted or kept. */
export function dryRun(environment: string, id: string, request: unknown) {
  return post(paymentPath(environment, "admin/dry-runs"), { ruleset_id: id, request }, decision);
}
