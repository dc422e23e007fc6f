import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";

/** Empties the output folder before a build, except for stub.html: the page a binary without the built pages serves. */
export function keepStub(folder: string): Plugin {
  return {
    name: "wayguard-keep-stub",
    apply: "build",
    async buildStart() {
      let names: string[];
      try {
        names = await readdir(folder);
      } catch {
        return;
      }
      await Promise.all(
        names
          .filter((name) => name !== "stub.html")
          .map((name) => rm(join(folder, name), { recursive: true, force: true })),
      );
    },
  };
}
