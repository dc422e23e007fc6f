import { queryOptions } from "@tanstack/react-query";
import { base, read } from "./client";
import { dictionary, flag, list, number, object, text } from "./decode";
import type { Analytics, AnalyticsRow } from "./payment-types";
import { paymentPath } from "./payments";

const row = object<AnalyticsRow>({
  key: text,
  total: number,
  allowed: number,
  reviewed: number,
  blocked: number,
  provisional: number,
  fraud: number,
  money: dictionary(number),
});

export const analytics = object<Analytics>({ by_day: list(row), by_context: list(row), by_rule: list(row), by_outcome: list(row), truncated: flag });

export interface Span {
  from: string;
  to: string;
}

/** Counts of the decisions of a span that moves with the clock; its name is the key. */
export function analyticsQuery(environment: string, name: string, span: () => Span) {
  return queryOptions({
    queryKey: ["payment-analytics", environment, name],
    queryFn: ({ signal }) => {
      const { from, to } = span();
      return read(paymentPath(environment, "admin/analytics", { from, to }), analytics, signal);
    },
    retry: false,
  });
}

/** Where the browser gets the same as comma-separated values. */
export function analyticsFile(environment: string, { from, to }: Span): string {
  return base + paymentPath(environment, "admin/analytics", { from, to, format: "csv" });
}
