/** Finds the place of a path such as "$.rules[3].condition.args[0].op" in the text of a JSON document. */

/** From and to in characters of the text, line from 1. */
export interface Place {
  from: number;
  to: number;
  line: number;
}

/** The place of the path, or of the nearest thing around it that is there. */
export function locate(text: string, path: string): Place {
  const wanted = stepsOf(path);
  let best = { depth: -1, from: 0, to: 0 };
  walk(text, (steps, from, to) => {
    if (steps.length > wanted.length || steps.some((step, index) => step !== wanted[index])) return;
    if (steps.length > best.depth) best = { depth: steps.length, from, to };
  });
  return { from: best.from, to: best.to, line: lineAt(text, best.from) };
}

export function lineAt(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

/** "$.a.b[0]" as ["a", "b", "0"]. */
function stepsOf(path: string): string[] {
  return [...path.replace(/^\$/, "").matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) => name ?? index ?? "");
}

/** Calls visit for every value of the document, the outer after its inner ones; stops where it is no JSON. */
function walk(text: string, visit: (steps: readonly string[], from: number, to: number) => void): void {
  let at = 0;
  const steps: string[] = [];
  const token = /\s*("(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+)/y;
  const next = (): { text: string; from: number } | undefined => {
    token.lastIndex = at;
    const found = token.exec(text);
    if (!found?.[1]) return undefined;
    at = token.lastIndex;
    return { text: found[1], from: at - found[1].length };
  };
  const value = (): boolean => {
    const first = next();
    if (!first) return false;
    if (first.text === "{" || first.text === "[") {
      if (!members(first.text === "{" ? "}" : "]")) return false;
    }
    visit(steps, first.from, at);
    return true;
  };
  const members = (end: "}" | "]"): boolean => {
    for (let index = 0; ; index++) {
      const before = at;
      const first = next();
      if (!first) return false;
      if (first.text === end) return true;
      if (first.text === ",") continue;
      // A comma counts as a turn of its own.
      if (!member(end, first, before, index >> 1)) return false;
    }
  };
  const member = (end: "}" | "]", first: { text: string; from: number }, before: number, index: number): boolean => {
    if (end === "]") at = before;
    else if (!first.text.startsWith('"') || next()?.text !== ":") return false;
    steps.push(end === "]" ? String(index) : keyOf(first.text));
    const read = value();
    steps.pop();
    return read;
  };
  value();
}

function keyOf(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
