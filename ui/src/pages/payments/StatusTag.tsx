import type { Status } from "../../api/payment-ruleset-types";
import { plainWords } from "../../format/words";

/** Where a version is in its life. */
export function StatusTag({ status }: { status: Status }) {
  const tone = { ACTIVE: "tag tag-good", DRAFT: "tag tag-strong", INACTIVE: "tag" }[status];
  return <span className={tone}>{plainWords(status.toLowerCase())}</span>;
}
