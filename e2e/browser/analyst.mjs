// An analyst's morning in a real Chromium: logs in, finds the Malicious sessions of the last hour, sorts them by events,
// opens the first, expands an event, reads why its label fired, and downloads the CSV. Prints what it saw as JSON.
import { mkdir } from "node:fs/promises";
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const [hub, email, password, images] = process.argv.slice(2);
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const problems = [];
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && !/401/.test(message.text()) && problems.push(message.text()));

  await page.goto(hub);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByTestId("results-table").waitFor();
  const columns = await page.locator("[data-testid=results-table] th .head-sort").allInnerTexts();

  const table = page.getByTestId("results-table");
  const rows = page.getByTestId("result-row");
  await rows.first().waitFor();
  if (images) {
    await mkdir(images, { recursive: true });
    await page.screenshot({ path: `${images}/search-light.png` });
  }
  // Live without reloading: the count of all sessions grows while nobody touches the page.
  const count = page.locator(".toolbar-count");
  const before = await count.innerText();
  await page.waitForFunction((was) => document.querySelector(".toolbar-count")?.textContent !== was, before);
  const live = (await count.innerText()) !== before;

  await page.getByRole("combobox", { name: "Field type" }).click();
  await page.getByRole("option", { name: "Session Risk Rating" }).click();
  await page.getByRole("button", { name: /^Value:/ }).click();
  await page.getByLabel("Malicious Session").check();
  await page.keyboard.press("Escape");
  await page.getByTestId("search-form").getByRole("button", { name: "Search" }).click();
  await page.waitForURL(/malicious/);
  await table.getByRole("button", { name: "# Events" }).first().click();
  await page.waitForURL(/sort=-?events/);
  await page.waitForFunction(() => document.querySelector("[data-testid=results-table]")?.getAttribute("aria-busy") === "false");
  await rows.first().waitFor();
  const cells = await rows.evaluateAll((all) => all.map((row) => [...row.cells].map((cell) => cell.innerText.trim())));
  const events = cells.map((row) => Number(row[3].replace(/\D/g, "")));
  const sorted = events.every((n, i) => i === 0 || events[i - 1] >= n);
  const ratings = [...new Set(cells.map((row) => row[2].replace(/\s+/g, " ")))];

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByTestId("csv-download").click()]);
  const csv = (await readFile(await download.path(), "utf8")).trim().split(/\r?\n/);

  await rows.first().getByRole("link").first().click();
  await page.getByTestId("rating-banner").waitFor();
  const banner = (await page.getByTestId("rating-banner").innerText()).replace(/\s+/g, " ");
  const labelled = page.getByTestId("event-row").filter({ has: page.locator("[class*=chip], [class*=label]").filter({ hasText: /\w/ }) });
  await page.getByTestId("event-row").first().waitFor();
  if (images) {
    await page.screenshot({ path: `${images}/session-light.png`, fullPage: false });
  }
  const shown = await page.getByTestId("event-row").count();
  let why = "";
  for (let i = 0; i < shown && why === ""; i++) {
    const row = page.getByTestId("event-row").nth(i);
    if ((await row.locator("td").last().innerText()).trim() === "") continue;
    await row.getByRole("button", { name: /^Details of event/ }).click();
    const panel = page.locator(".detail-row [data-testid=why-panel]").first();
    await panel.waitFor();
    why = (await panel.innerText()).replace(/\s+/g, " ");
    if (images) {
      await panel.scrollIntoViewIfNeeded();
      await page.screenshot({ path: `${images}/why-light.png` });
    }
  }
  if (images) {
    await page.emulateMedia({ colorScheme: "dark" });
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.screenshot({ path: `${images}/session-dark.png` });
    await page.goBack();
    await rows.first().waitFor();
    await page.screenshot({ path: `${images}/search-dark.png` });
  }
  console.log(JSON.stringify({ columns, live, sorted, rows: cells.length, ratings, banner, why, csvHeader: csv[0], csvRows: csv.length - 1, problems, labelled: await labelled.count() }));
} finally {
  await browser.close();
}
