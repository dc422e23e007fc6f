import type { Integration, IntegrationPatch } from "../../../api/payment-connections";
import { parseJson } from "../JsonEditor";

/** An integration as it is being edited, each field as its text. */
export interface Edited {
  name: string;
  url: string;
  /** In milliseconds. */
  time: string;
  /** JSON, "" where it has none. */
  mapping: string;
  /** What becomes of the credentials: "keep", "replace" or "remove". */
  way: string;
  credentials: string;
}

/** What the API takes where nothing is said, in milliseconds. */
const usualTime = 5_000;

export function editedOf({ name, base_url: url, timeout_ms: time, adapter }: Integration): Edited {
  const mapping = adapter === null ? "" : JSON.stringify(adapter, null, 2);
  return { name, url, time: String(time === 0 ? usualTime : time), mapping, way: "keep", credentials: "" };
}

/** Which part is no JSON; "" where all is well. */
export function faultIn({ mapping, way, credentials }: Edited): "" | "mapping" | "credentials" {
  if (broken(mapping)) return "mapping";
  return way === "replace" && broken(credentials) ? "credentials" : "";
}

function broken(text: string): boolean {
  return text.trim() !== "" && parseJson(text).problems.length > 0;
}

export function isWhole({ name, url, time, way, credentials }: Edited): boolean {
  return name.trim() !== "" && url.trim() !== "" && Number(time) > 0 && (way !== "replace" || credentials.trim() !== "");
}

/** What is sent; credentials that stay are left out. */
export function patchOf({ name, url, time, mapping, way, credentials }: Edited): IntegrationPatch {
  return {
    name: name.trim(),
    base_url: url.trim(),
    timeout_ms: Number(time),
    ...(mapping.trim() === "" ? {} : { adapter: parseJson(mapping).value }),
    ...(way === "keep" ? {} : { credentials: way === "remove" ? null : parseJson(credentials).value }),
  };
}
