const marks: Record<string, string> = { success: "✓", failure: "✕", challenged: "?", blocked: "⊘" };

/** How the exchange ended; nothing when nothing told. */
export function ResultWord({ result }: { result: string }) {
  if (result === "") return null;
  return (
    <span className={`result result-${result}`}>
      <span aria-hidden="true">{marks[result] ?? "·"}</span> {result}
    </span>
  );
}
