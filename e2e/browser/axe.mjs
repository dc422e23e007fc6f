// Runs axe-core on the page as it is, in both themes. Only what keeps people from using a page counts.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** The serious and critical violations, one line each. */
export async function inspect(page, name) {
  const found = [];
  const { colorScheme } = await page.evaluate(() => ({ colorScheme: matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light" }));
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    // The Hub's policy allows no foreign script: evaluate runs outside of it.
    await page.evaluate(source);
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const { id, impact, nodes } of violations) {
      if (impact !== "serious" && impact !== "critical") continue;
      for (const node of nodes) found.push(`${name} ${scheme}: ${id} (${impact}) at ${node.target.join(" ")}: ${node.failureSummary?.split("\n")[1]?.trim() ?? ""}`);
    }
  }
  await page.emulateMedia({ colorScheme, reducedMotion: "no-preference" });
  return found;
}
