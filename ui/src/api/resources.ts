import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { base, order, post, read } from "./client";
import * as decode from "./decoders";
import { explanation } from "./explanation";
import type { Query, Role } from "./types";

const minute = 60_000;

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => read("/me", decode.me, signal),
  staleTime: 5 * minute,
});

export function fieldsQuery(environment: string) {
  return queryOptions({
    queryKey: ["fields", environment],
    queryFn: ({ signal }) => read(`/fields?${asked({ environment })}`, decode.fields, signal),
    staleTime: 10 * minute,
  });
}

/** The key is the search as the analyst put it ("last hour"); the moment is only fixed when it is sent. */
export function searchQuery(key: string, makeQuery: () => Query) {
  return queryOptions({
    queryKey: ["search", key],
    queryFn: ({ signal }) => post("/sessions/search", makeQuery(), decode.page, signal),
    placeholderData: keepPreviousData,
  });
}

export function totalsQuery(key: string, environment: string, range: () => { from: string; to: string }) {
  return queryOptions({
    queryKey: ["totals", environment, key],
    queryFn: ({ signal }) => read(`/totals?${asked({ environment, ...range() })}`, decode.totals, signal),
    placeholderData: keepPreviousData,
  });
}

export function storyQuery(environment: string, id: string) {
  return queryOptions({
    queryKey: ["story", environment, id],
    queryFn: ({ signal }) =>
      read(`/sessions/${encodeURIComponent(id)}?${asked({ environment })}`, decode.story, signal),
  });
}

/** Why the session is rated as it is; what the story shows does not wait for it. */
export function explanationQuery(environment: string, id: string) {
  return queryOptions({
    queryKey: ["explanation", environment, id],
    queryFn: ({ signal }) =>
      read(`/sessions/${encodeURIComponent(id)}/explanation?${asked({ environment })}`, explanation, signal),
    retry: false,
  });
}

export function healthQuery(environment: string) {
  return queryOptions({
    queryKey: ["health", environment],
    queryFn: ({ signal }) => read(`/health?${asked({ environment })}`, decode.health, signal),
    refetchInterval: minute / 4,
  });
}

export function usersQuery(environment: string) {
  return queryOptions({
    queryKey: ["users", environment],
    queryFn: ({ signal }) => read(`/users?${asked({ environment })}`, decode.users, signal),
  });
}

export function auditQuery(environment: string) {
  return queryOptions({
    queryKey: ["audit", environment],
    queryFn: ({ signal }) => read(`/audit?${asked({ environment })}`, decode.audit, signal),
  });
}

export function createUser(environment: string, user: { email: string; name: string; role: Role }) {
  return post("/users", { environment, ...user }, decode.createdUser);
}

export function disableUser(environment: string, id: string) {
  return order(`/users/${encodeURIComponent(id)}/disable`, { environment });
}

export function enableUser(environment: string, id: string) {
  return order(`/users/${encodeURIComponent(id)}/enable`, { environment });
}

export function resetPassword(environment: string, id: string) {
  return post(`/users/${encodeURIComponent(id)}/password`, { environment }, decode.createdUser);
}

/** Where the whole result can be downloaded, once. The search itself is posted: it must not stand in an address. */
export async function prepareExport(query: Query): Promise<string> {
  const { ticket } = await post("/exports", query, decode.exportTicket);
  return `${base}/sessions.csv?${asked({ ticket })}`;
}

export function liveAddress(environment: string): string {
  return `${base}/live?${asked({ environment })}`;
}

export function logIn(email: string, password: string) {
  return post("/login", { email, password }, decode.login);
}

export function logOut() {
  return order("/logout");
}

export function changePassword(current: string, next: string) {
  return order("/password", { current, new: next });
}

function asked(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString();
}
