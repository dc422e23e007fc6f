/** Turns the tree of a condition into words: "$.transaction.amount ≥ 75000". */

/** A condition to be read: a group of others, or a line. */
export interface Reading {
  text: string;
  args: Reading[];
}

const comparisons: Record<string, string> = { eq: "=", neq: "≠", lt: "<", lte: "≤", gt: ">", gte: "≥" };
const groups: Record<string, string> = { and: "all of", or: "any of", not: "not" };
const tests: Record<string, string> = { matches: "matches", starts_with: "starts with", ends_with: "ends with", contains: "contains" };
/** Deeper than any condition may be. */
const deepest = 64;

type Node = Record<string, unknown>;

export function readCondition(condition: unknown, depth = 0): Reading {
  if (typeof condition === "string") return { text: condition, args: [] };
  if (!isNode(condition) || depth > deepest) return { text: json(condition), args: [] };
  const op = String(condition.op);
  const group = groups[op];
  if (group !== undefined) {
    const args = Array.isArray(condition.args) ? (condition.args as unknown[]) : [condition.arg];
    return { text: group, args: args.map((arg) => readCondition(arg, depth + 1)) };
  }
  return { text: leaf(op, condition), args: [] };
}

function leaf(op: string, node: Node): string {
  const field = word(node.field);
  const sign = comparisons[op];
  if (sign !== undefined) return `${field} ${sign} ${node.value_field === undefined ? json(node.value) : word(node.value_field)}`;
  const test = tests[op];
  if (test !== undefined) return `${field} ${test} ${json(node.pattern ?? node.value)}`;
  switch (op) {
    case "in":
      return typeof node.list === "string" ? `${field} is on the list ${node.list}` : `${field} is one of ${json(node.values)}`;
    case "cidr":
      return `${field} is in the network ${json(node.values)}`;
    case "exists":
      return `${field} is there`;
    case "velocity":
    case "velocity_sum":
    case "velocity_distinct":
      return velocity(op, field, node);
  }
  return json(node);
}

function velocity(op: string, field: string, node: Node): string {
  const { of: counted, window_seconds: seconds, cmp, value, scope } = node;
  const what = { velocity: "payments", velocity_sum: `sum of ${word(counted)}`, velocity_distinct: `different ${word(counted)}` }[op] ?? op;
  const within = scope === "context" ? " in this context" : "";
  return `${what} per ${field} within ${window(seconds)}${within} ${comparisons[word(cmp)] ?? word(cmp)} ${json(value)}`;
}

const units = [
  { size: 86_400, name: "d" },
  { size: 3_600, name: "h" },
  { size: 60, name: "min" },
  { size: 1, name: "s" },
] as const;

/** The largest unit that divides it: 5400 is "90 min". */
export function window(seconds: unknown): string {
  if (typeof seconds !== "number") return json(seconds);
  const unit = units.find(({ size }) => seconds >= size && seconds % size === 0) ?? units[3];
  return `${seconds / unit.size} ${unit.name}`;
}

function word(value: unknown): string {
  return typeof value === "string" ? value : json(value);
}

function json(value: unknown): string {
  return value === undefined ? "?" : JSON.stringify(value);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
