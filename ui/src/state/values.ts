/**
 * The value box takes several values with commas between them. A value that holds a comma itself stands in double
 * quotes, a double quote inside those is doubled, as in CSV.
 */
export function splitValues(input: string): string[] {
  const values: string[] = [];
  let current = "";
  let quoted = false;
  for (let at = 0; at < input.length; at++) {
    const letter = input.charAt(at);
    if (letter === '"' && quoted && input.charAt(at + 1) === '"') {
      current += '"';
      at++;
    } else if (letter === '"' && (quoted || current.trim() === "")) {
      quoted = !quoted;
    } else if (letter === "," && !quoted) {
      values.push(current.trim());
      current = "";
    } else {
      current += letter;
    }
  }
  values.push(current.trim());
  return [...new Set(values.filter((value) => value !== ""))];
}

export function joinValues(values: readonly string[]): string {
  return values.map((value) => (/[",]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value)).join(", ");
}
