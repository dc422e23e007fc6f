import { useState } from "react";
import { eraseCustomer } from "../../../api/payment-connections";
import { counted } from "../../../format/words";
import { useWorkplace } from "../../../state/environment";
import { Card } from "../Card";
import { ChangeDialog } from "../ChangeDialog";

/** Takes away what is kept of a customer, when that customer asks for it. */
export function ErasureCard() {
  const [asking, setAsking] = useState(false);
  const [told, setTold] = useState("");
  return (
    <Card
      title="Erasing a Customer"
      note={told}
      tools={
        <button type="button" className="button" onClick={() => setAsking(true)}>
          Erase a customer
        </button>
      }
    >
      <p className="faint card-empty">
        For a customer who asks to be forgotten: all decisions about their payments go, with what became of them, and cannot be brought back.
      </p>
      {asking && (
        <ErasureDialog
          onDone={({ decisions }) => setTold(decisions === 0 ? "Nothing was kept of that customer" : `${counted(decisions, "decision")} erased`)}
          onClose={() => setAsking(false)}
        />
      )}
    </Card>
  );
}

function ErasureDialog({ onDone, onClose }: { onDone: (erased: { decisions: number }) => void; onClose: () => void }) {
  const { environment } = useWorkplace();
  const [customer, setCustomer] = useState("");
  const [again, setAgain] = useState("");
  return (
    <ChangeDialog
      title="Erase a customer"
      button="Erase for good"
      harmful
      ready={customer !== "" && customer === again}
      perform={() => eraseCustomer(environment.name, customer)}
      changes={["decisions", "reviews", "decision"]}
      onDone={onDone}
      onClose={onClose}
    >
      <p>
        Every decision of {environment.name} about this customer’s payments is taken away, also one that waits for review. What it has put on the
        blacklist stays there, and so do the visits, which go when their time is over.
      </p>
      <label className="field">
        Customer ID, exactly as the merchant sends it
        <input type="text" required maxLength={256} autoComplete="off" spellCheck={false} value={customer} onChange={(event) => setCustomer(event.target.value)} />
      </label>
      <label className="field">
        The same again
        <input type="text" required maxLength={256} autoComplete="off" spellCheck={false} value={again} onChange={(event) => setAgain(event.target.value)} />
      </label>
      {again !== "" && again !== customer && <p className="form-hint">The two differ.</p>}
    </ChangeDialog>
  );
}
