import { useId, useRef } from "react";
import type { Problem } from "../../api/client";
import { locate } from "./rulesets/locate";

interface JsonEditorProps {
  label: string;
  text: string;
  /** What is wrong with it, by path. */
  problems: readonly Problem[];
  readOnly?: boolean;
  onChange: (text: string) => void;
}

const lineHeight = 18;

/** A text box for JSON with numbered lines; what is wrong with it is marked at its line and leads there. */
export function JsonEditor({ label, text, problems, readOnly = false, onChange }: JsonEditorProps) {
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const lines = text.split("\n").length;
  const placed = problems.map((problem) => ({ problem, place: locate(text, problem.field) }));
  const show = ({ from, to, line }: { from: number; to: number; line: number }) => {
    const element = box.current;
    if (!element) return;
    element.focus();
    element.setSelectionRange(from, to);
    element.scrollTop = Math.max(0, (line - 4) * lineHeight);
  };
  return (
    <div className="json-editor">
      <div className="json-box">
        <div className="json-gutter" ref={gutter} aria-hidden="true">
          {Array.from({ length: lines }, (_, index) => (
            <span key={index} className={placed.some(({ place }) => place.line === index + 1) ? "json-fault" : undefined}>
              {index + 1}
            </span>
          ))}
        </div>
        <textarea
          ref={box}
          aria-label={label}
          aria-invalid={problems.length > 0}
          aria-describedby={problems.length > 0 ? id : undefined}
          spellCheck={false}
          wrap="off"
          rows={Math.min(32, Math.max(8, lines + 1))}
          value={text}
          readOnly={readOnly}
          onChange={(event) => onChange(event.target.value)}
          onScroll={(event) => {
            if (gutter.current) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
        />
      </div>
      {placed.length > 0 && (
        <ul id={id} className="json-problems" role="alert" aria-label="What is wrong">
          {placed.map(({ problem, place }, index) => (
            <li key={index}>
              <button type="button" className="text-button" onClick={() => show(place)}>
                line {place.line}
              </button>{" "}
              <code>{problem.field}</code> {problem.message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** The value of a JSON text, or what is wrong with the text. */
export function parseJson(text: string): { value: unknown; problems: Problem[] } {
  try {
    return { value: JSON.parse(text) as unknown, problems: [] };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : "This is no JSON.";
    return { value: undefined, problems: [{ field: "$", code: "json", message }] };
  }
}
