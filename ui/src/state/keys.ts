import { useEffect, useRef } from "react";

/** Handlers by KeyboardEvent.key. */
export type Keymap = Record<string, (event: KeyboardEvent) => void>;

/** Listens to single keys while nobody is typing. Escape works everywhere unless something nearer took it. */
export function useKeys(keymap: Keymap): void {
  const latest = useRef(keymap);
  useEffect(() => {
    latest.current = keymap;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) && event.key !== "Escape") return;
      if (document.querySelector("dialog[open]")) return;
      latest.current[event.key]?.(event);
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/** Moves the focus among the rows matching the selector: j, k and the arrow keys. */
export function moveRow(selector: string, step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLElement>(selector)];
  const current = rows.findIndex((row) => row.contains(document.activeElement));
  const next = current === -1 ? (step === 1 ? 0 : rows.length - 1) : current + step;
  rows[next]?.focus();
}

/** The focused row among those, or undefined. */
export function focusedRow(selector: string): HTMLElement | undefined {
  return [...document.querySelectorAll<HTMLElement>(selector)].find((row) => row.contains(document.activeElement));
}
