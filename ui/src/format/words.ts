import type { Rating, Severity } from "../api/types";

const integers = new Intl.NumberFormat("en");

export function count(value: number): string {
  return integers.format(value);
}

/** "1 event", "2,000 events" */
export function counted(value: number, singular: string, plural = `${singular}s`): string {
  return `${count(value)} ${value === 1 ? singular : plural}`;
}

const regions = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });

/** The country's English name, "" for codes nobody assigned. */
export function countryName(code: string): string {
  if (!/^[A-Za-z]{2}$/.test(code)) return "";
  return regions.of(code.toUpperCase()) ?? "";
}

export const ratings: readonly Rating[] = ["normal", "suspicious", "malicious"];

export function ratingName(rating: Rating): string {
  return { normal: "Normal Session", suspicious: "Suspicious Session", malicious: "Malicious Session" }[rating];
}

export function ratingWord(rating: Rating): string {
  return { normal: "Normal", suspicious: "Suspicious", malicious: "Malicious" }[rating];
}

/** In the order an analyst wants to read them. */
export const severities: readonly Severity[] = ["malicious", "suspicious", "trusting", "informational"];

export function severityName(severity: Severity): string {
  return {
    malicious: "Malicious",
    suspicious: "Suspicious",
    trusting: "Trusting",
    informational: "Informational",
  }[severity];
}

/** "address_headers_user_agent" -> "Address headers user agent": for words the catalogue does not name. */
export function plainWords(name: string): string {
  const words = name.replaceAll(/[_.]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
