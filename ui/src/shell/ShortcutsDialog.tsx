import { Dialog } from "../components/Dialog";

const shortcuts: readonly { keys: readonly string[]; does: string }[] = [
  { keys: ["/"], does: "Put the cursor in the search value" },
  { keys: ["j", "↓"], does: "Next row" },
  { keys: ["k", "↑"], does: "Previous row" },
  { keys: ["Enter"], does: "Open the session or the decision" },
  { keys: ["e"], does: "Expand or fold the event" },
  { keys: ["l"], does: "Pause or resume live updates" },
  { keys: ["c"], does: "Claim the payment of the row" },
  { keys: ["a", "r"], does: "Accept or reject the payment" },
  { keys: ["o"], does: "Open the payment of the row" },
  { keys: ["Esc"], does: "Back to the search" },
  { keys: ["?"], does: "This sheet" },
];

export function ShortcutsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard shortcuts" onClose={onClose}>
      <dl className="shortcuts">
        {shortcuts.map(({ keys, does }) => (
          <div key={does}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
