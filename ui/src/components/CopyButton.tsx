import { useEffect, useState } from "react";
import { Icon } from "./Icon";

/** Copies a text and says so for a moment. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [state, setState] = useState<"" | "copied" | "failed">("");
  useEffect(() => {
    if (state === "") return;
    const timer = setTimeout(() => setState(""), 1_500);
    return () => clearTimeout(timer);
  }, [state]);

  // The clipboard is only there on secure origins; then the text stays selectable beside the button.
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => setState("copied"),
      () => setState("failed"),
    );
  return (
    <button
      type="button"
      className="icon-button"
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={() => {
        if ("clipboard" in navigator) void copy();
        else setState("failed");
      }}
    >
      <Icon name={state === "copied" ? "check" : state === "failed" ? "cross" : "copy"} size={14} />
      <span className="sr-only" role="status">
        {state === "copied" ? "Copied" : state === "failed" ? "Could not copy" : ""}
      </span>
    </button>
  );
}
