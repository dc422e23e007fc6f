import { useState } from "react";
import { useLocation } from "wouter";
import type { Interceptor } from "../../../api/payment-interceptors";
import { createInterceptor, deleteInterceptor, moveInterceptor, settingsOf, written } from "../../../api/payment-interceptors";
import { may, useWorkplace } from "../../../state/environment";
import { ChangeDialog } from "../ChangeDialog";
import { pageAddress } from "../links";

type Verb = "activate" | "rollback" | "delete" | "next";

const words: Record<Verb, { button: string; means: string }> = {
  activate: { button: "Activate", means: "Requests to this interceptor follow it from the next one on; the version in force now can be rolled back to." },
  rollback: { button: "Roll back to it", means: "Requests to this interceptor follow it from the next one on; the version in force now becomes inactive." },
  delete: { button: "Delete", means: "This version goes for good. Decisions that came by it stay." },
  next: { button: "New version", means: "A draft that is like this version is made. Nothing changes for payments." },
};

/** What can be done with a version, by its status. */
export function verbsOf({ status }: Interceptor): Verb[] {
  return ({ DRAFT: ["activate", "delete"], ACTIVE: ["next"], INACTIVE: ["rollback", "next", "delete"] } as const)[status].slice();
}

interface InterceptorActionsProps {
  interceptor: Interceptor;
  className: string;
  /** Why it cannot be activated just now; "" where it can. */
  hindrance?: string;
}

/** Buttons that put a version in force, copy it or take it away, each with a question before it. */
export function InterceptorActions({ interceptor, className, hindrance = "" }: InterceptorActionsProps) {
  const { environment } = useWorkplace();
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState<Verb | undefined>();
  if (!may(environment, "payments:manage")) return null;
  const name = `version ${interceptor.version} of ${interceptor.ref}`;
  const perform = async (verb: Verb): Promise<string> => {
    switch (verb) {
      case "delete":
        await deleteInterceptor(environment.name, interceptor.id);
        return "";
      case "next": {
        const { ref, field_mapping: mapping } = interceptor;
        return (await createInterceptor(environment.name, { ...settingsOf(interceptor), ref, field_mapping: mapping.map(written) })).id;
      }
    }
    await moveInterceptor(environment.name, interceptor.id, verb);
    return interceptor.id;
  };
  return (
    <>
      {verbsOf(interceptor).map((verb) => (
        <button
          key={verb}
          type="button"
          className={verb === "delete" && className === "text-button" ? "text-button text-button-bad" : className}
          aria-label={`${words[verb].button}: ${name}`}
          disabled={verb === "activate" && hindrance !== ""}
          title={verb === "activate" && hindrance !== "" ? hindrance : undefined}
          onClick={() => setAsking(verb)}
        >
          {words[verb].button}
        </button>
      ))}
      {asking && (
        <ChangeDialog
          title={`${words[asking].button}: ${name}`}
          button={words[asking].button}
          harmful={asking === "delete"}
          perform={() => perform(asking)}
          changes={asking === "delete" ? ["interceptors"] : ["interceptors", "interceptor"]}
          onDone={(id) => {
            if (asking === "next") navigate(pageAddress(environment.name, `/payments/interceptors/${encodeURIComponent(id)}`));
            if (asking === "delete") navigate(pageAddress(environment.name, "/payments/interceptors"));
          }}
          onClose={() => setAsking(undefined)}
        >
          <p>{words[asking].means}</p>
        </ChangeDialog>
      )}
    </>
  );
}
