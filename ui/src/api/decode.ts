/**
 * Decoders turn what came over the wire into typed values, or say where it differs from what was agreed. Nothing that
 * was not checked here reaches a page.
 */

export type Decoder<T> = (value: unknown, path: string) => T;

/** An answer that is not what the contract says. */
export class DecodeError extends Error {
  constructor(path: string, expected: string) {
    super(`${path === "" ? "answer" : path}: expected ${expected}`);
    this.name = "DecodeError";
  }
}

export const text: Decoder<string> = (value, path) => {
  if (typeof value !== "string") throw new DecodeError(path, "text");
  return value;
};

export const number: Decoder<number> = (value, path) => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new DecodeError(path, "a number");
  return value;
};

const boolean: Decoder<boolean> = (value, path) => {
  if (typeof value !== "boolean") throw new DecodeError(path, "true or false");
  return value;
};

/** An RFC 3339 time; kept as text because it has microseconds, which Date has not. */
export const time: Decoder<string> = (value, path) => {
  const checked = text(value, path);
  if (Number.isNaN(Date.parse(checked))) throw new DecodeError(path, "a time");
  return checked;
};

/** Go leaves out empty fields: a missing one is the fallback. */
export function fallback<T>(decoder: Decoder<T>, otherwise: T): Decoder<T> {
  return (value, path) => (value === undefined || value === null ? otherwise : decoder(value, path));
}

export const optionalText = fallback(text, "");
export const optionalNumber = fallback(number, 0);
export const flag = fallback(boolean, false);

/** Whatever stands there: for what a rule saw, which can be of any type. */
export const anything: Decoder<unknown> = (value) => value ?? null;

/** A list; Go writes an empty one as null, or leaves it out. */
export function list<T>(item: Decoder<T>): Decoder<T[]> {
  return (value, path) => {
    if (value === undefined || value === null) return [];
    if (!Array.isArray(value)) throw new DecodeError(path, "a list");
    return value.map((entry: unknown, index) => item(entry, `${path}[${index}]`));
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function dictionary<T>(item: Decoder<T>): Decoder<Record<string, T>> {
  return (value, path) => {
    if (value === undefined || value === null) return {};
    if (!isObject(value)) throw new DecodeError(path, "an object");
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, item(entry, join(path, key))]));
  };
}

export function oneOf<T extends string>(...words: readonly T[]): Decoder<T> {
  return (value, path) => {
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw new DecodeError(path, `one of ${words.join(", ")}`);
    return word;
  };
}

type Shape<T> = { [K in keyof T]-?: Decoder<T[K]> };

/** An object of exactly these fields; fields the pages do not know are dropped. */
export function object<T extends object>(shape: Shape<T>): Decoder<T> {
  return (value, path) => {
    if (!isObject(value)) throw new DecodeError(path, "an object");
    const result: Partial<T> = {};
    for (const key of Object.keys(shape) as (keyof T & string)[]) {
      result[key] = shape[key](value[key], join(path, key));
    }
    return result as T;
  };
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
