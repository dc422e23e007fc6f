import type { Decoder } from "./decode";
import { object, optionalText, text } from "./decode";

export const base = "/api/v1";

/** A request the server refused, or that never reached it (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    /** Where the fault lies in what was sent, such as "filters[0].min". */
    readonly field = "",
    /** Seconds to wait before trying again, where the server said so. */
    readonly retryAfter = 0,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export function isNotLoggedIn(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401 && error.code !== "wrong_login";
}

/** Reads a JSON answer. */
export async function read<T>(path: string, decoder: Decoder<T>, signal?: AbortSignal): Promise<T> {
  const response = await send(path, signal ? { signal } : {});
  return decoder(await bodyOf(response), "");
}

/** Posts JSON and reads a JSON answer. */
export async function post<T>(path: string, body: unknown, decoder: Decoder<T>, signal?: AbortSignal): Promise<T> {
  const response = await send(path, { ...posting(body), ...(signal ? { signal } : {}) });
  return decoder(await bodyOf(response), "");
}

/** Posts JSON where the answer has no body. */
export async function order(path: string, body: unknown = {}): Promise<void> {
  await send(path, posting(body));
}

function posting(body: unknown): RequestInit {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(base + path, { credentials: "same-origin", ...init });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new ApiError(0, "unreachable", "The Hub cannot be reached.");
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return (await response.json()) as unknown;
  } catch {
    throw new ApiError(response.status, "bad_answer", "The Hub's answer could not be read.");
  }
}

const problem = object<{ error: { code: string; message: string; field: string } }>({
  error: object<{ code: string; message: string; field: string }>({
    code: text,
    message: optionalText,
    field: optionalText,
  }),
});

async function refusal(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After") ?? "0") || 0;
  try {
    const { error } = problem(await response.json(), "");
    return new ApiError(response.status, error.code, error.message, error.field, retryAfter);
  } catch {
    return new ApiError(response.status, "unknown", `The Hub answered ${response.status}.`, "", retryAfter);
  }
}
