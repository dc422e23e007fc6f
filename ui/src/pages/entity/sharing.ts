import type { DecisionQuery } from "../../api/payment-types";

/** How an element of sessions stands in payment decisions. */
export interface Sharing {
  /** What decisions are searched by; undefined where they are found by the sessions that show it, which is where they agree. */
  search: keyof DecisionQuery | undefined;
  /** Where it stands in a payment, as rules and lists name it; "" where payments hold no such thing, or another of the same name. */
  path: string;
  /** What the payments that are found have in common. */
  means: string;
}

const bySession = (what: string): Sharing => ({
  search: undefined,
  path: "",
  means: `Payments of the visits below, which show ${what}. One that was joined to no visit is not among them.`,
});

const sharings: Record<string, Sharing> = {
  credential_fingerprint: { search: "credential_fingerprint", path: "$.credential_fingerprint", means: "Payments with this card." },
  customer_id: { search: "customer_id", path: "$.customer.id", means: "Payments whose merchant named this customer." },
  account_id: { search: "customer_id", path: "$.customer.id", means: "Payments whose merchant named a customer by this account’s ID." },
  ip_address: { search: "device_ip", path: "$.device.ip", means: "Payments whose merchant named this address as the buyer’s." },
  email: { search: "email", path: "$.customer.email", means: "Payments whose merchant named this address as the customer’s." },
  // A card as a session shows it is another token than the one that payments are told by.
  payment_from: bySession("this card or account"),
  username: bySession("this name"),
  phone: bySession("this number"),
  shipping_address: bySession("this address"),
  billing_address: bySession("this address"),
  // What a merchant sends as $.device.fingerprint is of its own making.
  device_fingerprint: bySession("this device as it was recognised here; a fingerprint that a merchant sends is another one"),
};

export function sharingOf(element: string): Sharing | undefined {
  return Object.hasOwn(sharings, element) ? sharings[element] : undefined;
}

/** The element of a path that lists name; "" where sessions have none. */
export function elementAt(path: string): string {
  if (path === "") return "";
  return Object.entries(sharings).find(([, sharing]) => sharing.path === path)?.[0] ?? "";
}
