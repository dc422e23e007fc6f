import { keepPreviousData } from "@tanstack/react-query";
import { dictionary, flag, list, object, optionalText } from "./decode";
import type { Decoder } from "./decode";
import type { Part } from "./payment-types";

/** The address of something of the decision API, through the Hub. Empty parameters are left out. */
export function paymentPath(environment: string, path: string, parameters: Record<string, string | readonly string[]> = {}): string {
  const asked = new URLSearchParams({ environment });
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of typeof value === "string" ? [value] : value) if (one !== "") asked.append(name, one);
  }
  return `/payments/${path}?${asked.toString()}`;
}

/** A segment of such a path. */
export const segment = encodeURIComponent;

/** A part of a list; of the link to the next part only the cursor is kept. */
export function partOf<T>(item: Decoder<T>): Decoder<Part<T>> {
  const whole = object<{ data: T[]; links: { next: string } }>({
    data: list(item),
    links: (value, path) => (value === undefined || value === null ? { next: "" } : links(value, path)),
  });
  return (value, path) => {
    const { data, links: found } = whole(value, path);
    return { data, next: cursorOf(found.next) };
  };
}

const links = object<{ next: string }>({ next: optionalText });

function cursorOf(link: string): string {
  if (link === "") return "";
  return new URL(link, "http://hub").searchParams.get("after") ?? "";
}

/** What an endless list asks with, beside its first page. */
export const endless = {
  initialPageParam: "",
  getNextPageParam: (last: Part<unknown>) => (last.next === "" ? undefined : last.next),
  placeholderData: keepPreviousData,
  retry: false,
} as const;

/** All of an endless list that was read so far. */
export function allOf<T>(data: { pages: Part<T>[] } | undefined): T[] | undefined {
  return data?.pages.flatMap((page) => page.data);
}

export const words = list<string>((value, path) => optionalText(value, path));
export const texts = dictionary(optionalText);
export const yesNo = flag;
/** Go's nil pointer to a switch that is on unless it is off. */
export const onUnlessOff: Decoder<boolean> = (value, path) => (value === undefined || value === null ? true : flag(value, path));
