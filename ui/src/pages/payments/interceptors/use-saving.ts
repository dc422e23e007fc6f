import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Problem } from "../../../api/client";
import { ApiError } from "../../../api/client";
import { saveInterceptor } from "../../../api/payment-interceptors";
import { explain } from "../../../components/Notice";
import { useWorkplace } from "../../../state/environment";

/** Saves a part of a draft and keeps what the server finds wrong with it. */
export function useSaving(id: string, tag: string) {
  const { environment } = useWorkplace();
  const client = useQueryClient();
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const save = useMutation({
    mutationFn: (body: unknown) => saveInterceptor(environment.name, id, body, tag),
    onSuccess: async () => {
      setProblems([]);
      await Promise.all(["interceptor", "interceptors", "audit"].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
    onError: (error) => setProblems(error instanceof ApiError ? error.problems : []),
  });
  return { save: save.mutate, saving: save.isPending, problems, setProblems, refusal: save.error ? refusalOf(save.error) : "" };
}

function refusalOf(error: Error): string {
  if (error instanceof ApiError && error.status === 412) {
    return "Somebody changed this draft meanwhile. Copy what you wrote, load the page again, and put it in anew.";
  }
  return error instanceof ApiError && error.problems.length > 0 ? "" : explain(error).advice;
}
