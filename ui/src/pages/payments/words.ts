import type { Outcome } from "../../api/payment-types";
import type { Rating, Severity } from "../../api/types";
import { plainWords } from "../../format/words";

/** What an outcome looks like; the shape differs too, so that none is told by colour alone. */
export function outcomeTone(outcome: Outcome): Rating | Severity {
  return ({ ALLOW: "normal", REVIEW: "suspicious", BLOCK: "malicious", PROVISIONAL: "informational" } as const)[outcome];
}

export function outcomeName(outcome: Outcome): string {
  return { ALLOW: "Allowed", REVIEW: "Review", BLOCK: "Blocked", PROVISIONAL: "Provisional" }[outcome];
}

/** How many decimals a currency has; 2 where nobody knows it. */
function decimals(currency: string): number {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
  } catch {
    return 2;
  }
}

/** An amount in minor units: "1,234.50 EUR". */
export function money(amount: number, currency: string): string {
  const digits = decimals(currency);
  const value = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(amount / 10 ** digits);
  return `${value} ${currency}`.trim();
}

/** Amounts of several currencies, "–" for none. */
export function moneys(amounts: Record<string, number>): string {
  const shown = Object.entries(amounts)
    .sort(([a], [b]) => a.localeCompare(b, "en"))
    .map(([currency, amount]) => money(amount, currency));
  return shown.length === 0 ? "–" : shown.join(", ");
}

/** Evaluating time: "430 µs", "4.2 ms". */
export function micros(value: number): string {
  if (value < 1_000) return `${value} µs`;
  return `${Number((value / 1_000).toPrecision(2))} ms`;
}

/** What a rule saw, as JSON, shortened. */
export function seen(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 160 ? `${text.slice(0, 157)}…` : text;
}

const credentials: Record<string, string> = { pan: "Card", masked_pan: "Masked card", sepa: "SEPA account" };

export function credentialName(type: string): string {
  return credentials[type] ?? plainWords(type);
}

const matches: Record<string, string> = {
  session: "the session the merchant named",
  account: "the account",
  email: "the email",
  card: "the card",
  address: "the IP address",
};

export function matchedBy(word: string): string {
  return matches[word] ?? plainWords(word).toLowerCase();
}

const skips: Record<string, string> = {
  disabled: "switched off",
  after_block: "not looked at: an earlier rule had blocked",
  after_allow: "not looked at: an earlier rule had allowed for good",
};

export function skippedBecause(word: string): string {
  return skips[word] ?? plainWords(word).toLowerCase();
}

const faults: Record<string, string> = {
  insufficient_context: "fields it needs were missing",
  backend_capability_disabled: "it cannot do that",
  timeout: "no answer in time",
  unavailable: "not reached",
  bad_response: "its answer could not be read",
  mapping_error: "its answer could not be mapped",
  circuit_open: "not asked: it failed too often",
};

export function backendFault(word: string): string {
  return faults[word] ?? plainWords(word).toLowerCase();
}

/** A share from 0 to 1 as "42 %"; "–" where there is none. */
export function portion(value: number | undefined): string {
  if (value === undefined) return "–";
  return `${Number((value * 100).toPrecision(3))} %`;
}
