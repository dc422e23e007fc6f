import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { SubmitEvent } from "react";
import type { Sparing } from "../../api/mitigation";
import { spareVisitor } from "../../api/mitigation";
import type { Story } from "../../api/types";
import { Dialog } from "../../components/Dialog";
import { explain } from "../../components/Notice";
import { Choice, ReasonField } from "../../components/ReasonField";
import { utcSecond } from "../../format/time";
import { useWorkplace } from "../../state/environment";
import { useNames } from "../../state/names";

const hour = 3_600;
const spans = [
  { value: "1", text: "1 hour" },
  { value: "8", text: "8 hours" },
  { value: "24", text: "1 day" },
  { value: "168", text: "7 days" },
] as const;

/** Elements that name an account, the surest first. */
const accountElements = ["account_id", "username", "email"];
/** More than that is no person's session: an account is found by its own search then. */
const mostAccounts = 8;

/** Lets the visitor of a session through, whatever the policies say, for a while. */
export function SpareDialog({ story, onClose }: { story: Story; onClose: () => void }) {
  const { environment } = useWorkplace();
  const names = useNames();
  const client = useQueryClient();
  const whom = useMemo(() => visitorsOf(story, names.element), [story, names]);
  const [chosen, setChosen] = useState("session");
  const [hours, setHours] = useState("24");
  const [reason, setReason] = useState("");
  const sparing = whom.find(({ value }) => value === chosen)?.sparing ?? { scope: "session" };
  const spare = useMutation({
    mutationFn: () => spareVisitor(environment.name, story.session.session_id, { ...sparing, seconds: Number(hours) * hour, reason }),
    onSuccess: () => client.invalidateQueries({ queryKey: ["mitigation"] }),
  });

  if (spare.data) {
    return (
      <Dialog title="Let through" onClose={onClose}>
        <p>
          No policy stands in this visitor’s way until {utcSecond(spare.data.until)} UTC. It can be ended on the page Mitigation. Requests are
          still looked at and rated as before.
        </p>
        <div className="dialog-actions">
          <button type="button" className="button button-main" onClick={onClose}>
            Done
          </button>
        </div>
      </Dialog>
    );
  }
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (reason.trim() !== "") spare.mutate();
  };
  return (
    <Dialog title="Let this visitor through" onClose={onClose}>
      <form className="form" aria-label="Let this visitor through" onSubmit={submit}>
        <Choice legend="Whom" name="spare-whom" choices={whom} value={chosen} onChange={setChosen} />
        <Choice legend="For" name="spare-for" choices={spans} value={hours} onChange={setHours} />
        <ReasonField value={reason} onChange={setReason} />
        {spare.error && (
          <p className="form-error" role="alert">
            {explain(spare.error).advice}
          </p>
        )}
        <div className="dialog-actions">
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-main" disabled={reason.trim() === "" || spare.isPending}>
            Let through
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface Whom {
  value: string;
  text: string;
  hint?: string;
  sparing: Pick<Sparing, "scope" | "account">;
}

/** Whom a session can stand for. */
export function visitorsOf(story: Story, nameOf: (element: string) => string): Whom[] {
  const whom: Whom[] = [
    { value: "session", text: "This session", hint: "Until it ends.", sparing: { scope: "session" } },
    { value: "device", text: "This device", hint: "All its sessions.", sparing: { scope: "device" } },
  ];
  if (story.events.some(({ session }) => session.person !== "")) {
    whom.push({ value: "person", text: "This person", hint: "All their devices.", sparing: { scope: "person" } });
  }
  const accounts = new Map<string, Whom>();
  for (const element of accountElements) {
    for (const found of story.events.flatMap(({ event }) => event.elements).filter(({ name, value }) => name === element && value !== "")) {
      const text = `${nameOf(element)} ${found.display || found.value}`;
      const account = { element, value: found.value };
      accounts.set(`${element}:${found.value}`, { value: `${element}:${found.value}`, text, hint: "Whoever uses it.", sparing: { scope: "account", account } });
    }
  }
  return accounts.size > mostAccounts ? whom : [...whom, ...accounts.values()];
}
