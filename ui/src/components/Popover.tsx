import { useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import type { ReactNode } from "react";

interface PopoverProps {
  /** The button's accessible name, where its content is not enough. */
  label?: string;
  /** The panel's accessible name. */
  title: string;
  button: ReactNode;
  className?: string;
  testId?: string;
  /** The panel's content; close puts the focus back on the button. */
  children: (close: () => void) => ReactNode;
}

/** A button with a panel below it that closes on Escape, on a click elsewhere and when the focus leaves it. */
export function Popover({ label, title, button, className = "", testId, children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const id = useId();

  const close = () => {
    setOpen(false);
    trigger.current?.focus();
  };

  useLayoutEffect(() => {
    if (open && trigger.current && panel.current) place(panel.current, trigger.current);
  }, [open]);

  useEffect(() => {
    if (!open) return;
    panel.current?.querySelector<HTMLElement>("[data-autofocus], input, button, a")?.focus();
    const outside = (event: Event) => {
      const target = event.target as Node;
      if (!panel.current?.contains(target) && !trigger.current?.contains(target)) setOpen(false);
    };
    const replace = () => setOpen(false);
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    window.addEventListener("resize", replace);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
      window.removeEventListener("resize", replace);
    };
  }, [open]);

  return (
    <>
      <button
        ref={trigger}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="dialog"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        data-testid={testId}
        onClick={() => setOpen(!open)}
      >
        {button}
      </button>
      {open && (
        <div
          ref={panel}
          id={id}
          className="popover"
          role="dialog"
          aria-label={title}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            event.stopPropagation();
            close();
          }}
        >
          <Content render={children} close={close} />
        </div>
      )}
    </>
  );
}

/** Calls what renders the panel's content as a component of its own, so that it starts afresh each time. */
function Content({ render, close }: { render: PopoverProps["children"]; close: () => void }) {
  return render(close);
}

const gap = 6;

/** Puts the panel under its button, inside the window, wherever scrolling has left both. */
export function place(panel: HTMLElement, trigger: HTMLElement): void {
  const anchor = trigger.getBoundingClientRect();
  const size = panel.getBoundingClientRect();
  const left = Math.max(gap, Math.min(anchor.left, window.innerWidth - size.width - gap));
  const below = anchor.bottom + gap;
  const fits = below + size.height <= window.innerHeight;
  panel.style.left = `${left}px`;
  panel.style.top = `${fits ? below : Math.max(gap, anchor.top - size.height - gap)}px`;
}
