import { readFile } from "node:fs/promises";

/** A golden file with all its times moved so that its last is now. */
export async function golden(name: string): Promise<unknown> {
  const text = await readFile(new URL(`../../testdata/wire/${name}`, import.meta.url), "utf8");
  const times = [...text.matchAll(/"(\d{4}-\d\d-\d\dT[\d:.]+Z)"/g)].map(([, time]) => Date.parse(time ?? ""));
  const shift = Date.now() - 20_000 - Math.max(...times, 0);
  return JSON.parse(text, (_, value: unknown) => {
    if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value)) return value;
    return new Date(Date.parse(value) + shift).toISOString();
  });
}
