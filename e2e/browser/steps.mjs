// What the analyst's morning is made of: each step is one thing a person does with the Hub's pages.
import { readFile } from "node:fs/promises";

export const table = (page) => page.getByTestId("results-table");
export const rows = (page) => page.getByTestId("result-row");

export async function logIn(page, hub, email, password) {
  await page.goto(hub);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await rows(page).first().waitFor();
}

/** Waits until the table shows the answer to the search as it stands. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("[data-testid=results-table]")?.getAttribute("aria-busy") === "false");
}

/** True once the count or a row changes while nobody touches the page. */
export async function growsByItself(page) {
  const look = () => {
    const first = document.querySelector("[data-testid=result-row]");
    return `${document.querySelector(".toolbar-count")?.textContent} ${first?.textContent}`;
  };
  const before = await page.evaluate(look);
  const grown = page.waitForFunction(
    ([was]) => {
      const first = document.querySelector("[data-testid=result-row]");
      return `${document.querySelector(".toolbar-count")?.textContent} ${first?.textContent}` !== was;
    },
    [before],
  );
  return grown.then(
    () => true,
    () => false,
  );
}

export async function searchMalicious(page) {
  await page.getByRole("combobox", { name: "Field type" }).click();
  await page.getByRole("option", { name: "Session Risk Rating", exact: true }).click();
  await page.getByRole("button", { name: /^Value:/ }).click();
  await page.getByRole("checkbox", { name: "Malicious Session" }).check();
  await page.keyboard.press("Escape");
  await page.getByTestId("search-form").getByRole("button", { name: "Search", exact: true }).click();
  await page.waitForURL(/value=malicious/, { waitUntil: "commit" });
  await settled(page);
}

export async function sortByEvents(page) {
  await table(page).getByRole("button", { name: "# Events", exact: true }).click();
  await page.waitForURL(/sort=-events/, { waitUntil: "commit" });
  await settled(page);
  await rows(page).first().waitFor();
}

/** The cells of all rows, taken in one look: a live table may change between two. */
export async function cellsOf(page) {
  return rows(page).evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));
}

export async function downloadCsv(page) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("csv-download").click()]);
  return (await readFile(await download.path(), "utf8")).trim().split(/\r?\n/);
}

/** Unfolds the newest event that placed a label and gives the reasons, "" where no event placed one. */
export async function readWhy(page) {
  const labelled = page.getByTestId("event-row").filter({ has: page.locator(".label-chip") });
  const count = await labelled.count();
  if (count === 0) return { labelled: 0, why: "" };
  await labelled.first().getByRole("button", { name: /^Details of event/ }).click();
  const panel = page.locator(".detail-row").getByTestId("why-panel").first();
  await panel.waitFor();
  await panel.evaluate((element) => element.closest(".detail-row")?.previousElementSibling?.scrollIntoView({ block: "center" }));
  return { labelled: count, why: (await panel.innerText()).replace(/\s+/g, " ").trim() };
}
