import type { Field } from "../../api/types";

/** Not a field: every session of the range. */
export const anyField: Field = { name: "", human: "All sessions", group: "", kind: "", type: "", sensitive: false, values: [] };

/** The fields whose name holds every typed word, those that begin with it first. */
export function matchFields(fields: readonly Field[], typed: string): Field[] {
  const words = typed.toLowerCase().split(/[\s_]+/).filter(Boolean);
  if (words.length === 0) return [anyField, ...fields];
  const named = fields.filter(({ name, human, group }) => {
    const text = `${human} ${name} ${group}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const begins = (field: Field) => (field.human.toLowerCase().startsWith(words.join(" ")) ? 0 : 1);
  return groupFields(named.sort((a, b) => begins(a) - begins(b))).flatMap(({ members }) => members);
}

/** Groups in the order of their first member. */
export function groupFields(fields: readonly Field[]): { group: string; members: Field[] }[] {
  const groups = new Map<string, Field[]>();
  for (const field of fields) {
    const members = groups.get(field.group);
    if (members) members.push(field);
    else groups.set(field.group, [field]);
  }
  return [...groups].map(([group, members]) => ({ group, members }));
}
