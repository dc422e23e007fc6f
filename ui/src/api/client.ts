import type { Decoder } from "./decode";
import { list, object, optionalText, text } from "./decode";

export const base = "/api/v1";

/** One thing that is wrong with what was sent: where, as a stable word, and in a sentence. */
export interface Problem {
  field: string;
  code: string;
  message: string;
}

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
    /** Every fault of what was sent, where the server told more than one. */
    readonly problems: readonly Problem[] = [],
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

/** Reads a JSON answer with its entity tag, "" where it has none. */
export async function readTagged<T>(path: string, decoder: Decoder<T>, signal?: AbortSignal): Promise<{ value: T; tag: string }> {
  const response = await send(path, signal ? { signal } : {});
  return { value: decoder(await bodyOf(response), ""), tag: response.headers.get("ETag") ?? "" };
}

/** Changes something that still is as the tag says, and reads how it is now. */
export async function change<T>(path: string, body: unknown, decoder: Decoder<T>, tag = ""): Promise<T> {
  const headers = { "Content-Type": "application/json", ...(tag === "" ? {} : { "If-Match": tag }) };
  const response = await send(path, { method: "PATCH", headers, body: JSON.stringify(body) });
  return decoder(await bodyOf(response), "");
}

/** Takes something away. */
export async function remove(path: string): Promise<void> {
  await send(path, { method: "DELETE" });
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

const hubProblem = object<{ error: { code: string; message: string; field: string } }>({
  error: object<{ code: string; message: string; field: string }>({
    code: text,
    message: optionalText,
    field: optionalText,
  }),
});

/** How the decision API says it, which the Hub hands on as it is. */
const apiProblem = object<{ code: string; message: string; errors: Problem[] }>({
  code: text,
  message: optionalText,
  errors: list(object<Problem>({ field: optionalText, code: optionalText, message: optionalText })),
});

async function refusal(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get("Retry-After") ?? "0") || 0;
  try {
    const body: unknown = await response.json();
    if (typeof body === "object" && body !== null && "code" in body) {
      const { code, message, errors } = apiProblem(body, "");
      return new ApiError(response.status, code, message, errors[0]?.field ?? "", retryAfter, errors);
    }
    const { error } = hubProblem(body, "");
    return new ApiError(response.status, error.code, error.message, error.field, retryAfter);
  } catch {
    return new ApiError(response.status, "unknown", `The Hub answered ${response.status}.`, "", retryAfter);
  }
}
