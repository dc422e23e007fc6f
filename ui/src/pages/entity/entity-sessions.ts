import { sessionsAtOnce } from "../../api/payment-decisions";
import { searchQuery } from "../../api/resources";
import { defaultState, toQuery } from "../../state/search-state";

/** The sessions of the last 90 days that show an entity, newest first; as many as decisions can be asked for at once. */
export function entitySessionsQuery(environment: string, element: string, value: string) {
  const state = { ...defaultState, field: element, values: [value], range: { last: "90d" } as const };
  return searchQuery(`entity ${environment} ${element} ${value}`, () => ({ ...toQuery(state, environment, new Date()), limit: sessionsAtOnce }));
}
