import type { DecisionQuery } from "../../api/payment-types";

/** How an element of sessions stands in payment decisions. */
export interface Sharing {
  /** What decisions are searched by; undefined where they cannot be. */
  search: keyof DecisionQuery | undefined;
  /** Where it stands in a payment, as rules and lists name it. */
  path: string;
}

const sharings: Record<string, Sharing> = {
  credential_fingerprint: { search: "credential_fingerprint", path: "$.credential_fingerprint" },
  customer_id: { search: "customer_id", path: "$.customer.id" },
  account_id: { search: "customer_id", path: "$.customer.id" },
  ip_address: { search: "device_ip", path: "$.device.ip" },
  device_fingerprint: { search: "device_fingerprint", path: "$.device.fingerprint" },
  email: { search: undefined, path: "$.customer.email" },
};

export function sharingOf(element: string): Sharing | undefined {
  return Object.hasOwn(sharings, element) ? sharings[element] : undefined;
}

/** The element of a path that lists name; "" where sessions have none. */
export function elementAt(path: string): string {
  return Object.entries(sharings).find(([, sharing]) => sharing.path === path)?.[0] ?? "";
}
