import { useId } from "react";
import type { ReactNode } from "react";

interface CardProps {
  title: string;
  note?: ReactNode;
  /** What stands at the right of the head. */
  tools?: ReactNode;
  children: ReactNode;
}

/** A part of a page with its heading. */
export function Card({ title, note, tools, children }: CardProps) {
  const id = useId();
  return (
    <section className="card" aria-labelledby={id}>
      <header className="card-head">
        <h2 id={id}>{title}</h2>
        {note !== undefined && (
          <p className="card-note" role="status">
            {note}
          </p>
        )}
        <span className="toolbar-space" />
        {tools}
      </header>
      {children}
    </section>
  );
}
