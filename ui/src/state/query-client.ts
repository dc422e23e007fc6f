import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError, isNotLoggedIn } from "../api/client";
import { DecodeError } from "../api/decode";
import { meQuery } from "../api/resources";

/** A client that asks again only where that can help, and forgets who is logged in when the server does. */
export function makeClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (isNotLoggedIn(error) && query.queryKey[0] !== "me") {
          void client.invalidateQueries({ queryKey: meQuery.queryKey });
        }
      },
    }),
    defaultOptions: {
      queries: { retry: shouldRetry, refetchOnWindowFocus: false, staleTime: 1_000 },
    },
  });
  return client;
}

/** Only a Hub that cannot be reached is asked a second time; what it refused it would refuse again. */
export function shouldRetry(failures: number, error: unknown): boolean {
  if (error instanceof DecodeError) return false;
  return failures < 1 && error instanceof ApiError && error.status === 0;
}
