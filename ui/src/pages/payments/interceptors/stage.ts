import type { Interceptor } from "../../../api/payment-interceptors";
import type { Ruleset } from "../../../api/payment-ruleset-types";

/** How far the roll-out of an interceptor is. */
export type Stage = "draft" | "off" | "passthrough" | "mapping" | "shadow" | "active" | "retired";

/** The stages in the order they are gone through. */
export const stages = ["passthrough", "mapping", "shadow", "active"] as const;

export function stageName(stage: Stage): string {
  return {
    draft: "Draft",
    off: "Switched off",
    passthrough: "Passthrough",
    mapping: "Mapping",
    shadow: "Shadow",
    active: "Active",
    retired: "Inactive",
  }[stage];
}

/** What happens to requests in that stage. */
export function stageMeans(stage: Stage): string {
  return {
    draft: "It takes no requests yet.",
    off: "Every request goes on untouched; nothing is decided.",
    passthrough: "Every request goes on untouched; the fields that are seen are noted.",
    mapping: "Requests are mapped and checked, but no rule decides: all go on.",
    shadow: "Requests are decided about, but only by shadow rules: all go on.",
    active: "Only allowed requests go on; others get the answer that is configured.",
    retired: "Another version is in force; this one can be rolled back to.",
  }[stage];
}

/** The stage follows from the interceptor and from the rules in force in its context; undefined rules are not known. */
export function stageOf(interceptor: Interceptor, rulesets: readonly Ruleset[] | undefined): Stage | undefined {
  if (interceptor.status === "DRAFT") return "draft";
  if (interceptor.status === "INACTIVE") return "retired";
  if (!interceptor.active) return "off";
  if (interceptor.field_mapping.length === 0) return "passthrough";
  if (!rulesets) return undefined;
  const inForce = (context: string) => rulesets.find((ruleset) => ruleset.status === "ACTIVE" && ruleset.context === context);
  const rules = (inForce(interceptor.context) ?? inForce("default"))?.rules.filter(({ enabled }) => enabled) ?? [];
  if (rules.length === 0) return "mapping";
  return rules.some(({ live }) => live) ? "active" : "shadow";
}
