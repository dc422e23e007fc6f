import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import type { Problem } from "../../../api/client";
import { ApiError } from "../../../api/client";
import type { Ruleset } from "../../../api/payment-ruleset-types";
import { saveRuleset } from "../../../api/payment-rulesets";
import { explain } from "../../../components/Notice";
import { useWorkplace } from "../../../state/environment";
import { Card } from "../Card";
import { JsonEditor, parseJson } from "../JsonEditor";

interface RulesetEditorProps {
  ruleset: Ruleset;
  tag: string;
  onDirty: (dirty: boolean) => void;
}

/** The draft as JSON, as it is sent: description, rules and points. */
export function draftText({ description, rules, score }: Ruleset): string {
  return JSON.stringify({ description: description === "" ? null : description, rules: rules.map(({ raw }) => raw), score: score ?? null }, null, 2);
}

/** Edits a draft. What the server finds wrong stands at its line. */
export function RulesetEditor({ ruleset, tag, onDirty }: RulesetEditorProps) {
  const { environment } = useWorkplace();
  const client = useQueryClient();
  const [text, setText] = useState(() => draftText(ruleset));
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const dirty = text !== draftText(ruleset);
  useEffect(() => onDirty(dirty), [dirty, onDirty]);
  const save = useMutation({
    mutationFn: (value: unknown) => saveRuleset(environment.name, ruleset.id, value, tag),
    onSuccess: async () => {
      setProblems([]);
      await Promise.all(["ruleset", "rulesets", "audit"].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
    onError: (error) => setProblems(error instanceof ApiError ? error.problems : []),
  });
  const submit = () => {
    const { value, problems: wrong } = parseJson(text);
    setProblems(wrong);
    if (wrong.length === 0) save.mutate(value);
  };
  return (
    <Card
      title="Draft"
      note={dirty ? "changed, not saved" : ""}
      tools={
        <>
          <button type="button" className="button" disabled={!dirty || save.isPending} onClick={() => setText(draftText(ruleset))}>
            Undo changes
          </button>
          <button type="button" className="button button-main" disabled={!dirty || save.isPending} onClick={submit}>
            {save.isPending ? "Saving…" : "Save"}
          </button>
        </>
      }
    >
      <JsonEditor label="The draft as JSON" text={text} problems={problems} onChange={setText} />
      {save.error && problems.length === 0 && (
        <p className="form-error card-empty" role="alert">
          {refusal(save.error)}
        </p>
      )}
    </Card>
  );
}

function refusal(error: Error): string {
  if (error instanceof ApiError && error.status === 412) {
    return "Somebody changed this draft meanwhile. Copy your text, load the page again, and put it in anew.";
  }
  return explain(error).advice;
}
