// An analyst's morning in a real Chromium: logs in, finds the Malicious sessions of the last hour, sorts them by events,
// opens the first, expands an event, reads why its label fired, and downloads the CSV. axe looks at every page in light
// and dark. Prints what it saw as JSON: node analyst.mjs HUB EMAIL PASSWORD [DIRECTORY FOR SCREENSHOTS]
import { mkdir } from "node:fs/promises";
import { chromium } from "playwright-core";
import { inspect } from "./axe.mjs";
import { cellsOf, downloadCsv, growsByItself, logIn, readWhy, rows, searchMalicious, sortByEvents } from "./steps.mjs";

const [hub, email, password, images] = process.argv.slice(2);
if (!password) {
  console.error("usage: node analyst.mjs HUB EMAIL PASSWORD [DIRECTORY FOR SCREENSHOTS]");
  process.exit(2);
}
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const problems = [];
const violations = [];

async function morning(page) {
  const shoot = async (name) => {
    if (!images) return;
    await page.mouse.move(0, 0); // no row shows that the pointer rests on it
    await page.screenshot({ path: `${images}/${name}.png` });
  };
  await page.goto(hub);
  await page.getByLabel("Email").waitFor();
  violations.push(...(await inspect(page, "login")));
  await logIn(page, hub, email, password);
  const columns = await page.locator("[data-testid=results-table] th .head-sort").allInnerTexts();
  await shoot("search-light");
  const live = await growsByItself(page);
  violations.push(...(await inspect(page, "search")));

  await searchMalicious(page);
  await sortByEvents(page);
  const cells = await cellsOf(page);
  const events = cells.map((row) => Number(row[3].replace(/\D/g, "")));
  const sorted = events.every((n, i) => i === 0 || events[i - 1] >= n);
  const ratings = [...new Set(cells.map((row) => row[2].replace(/\s+/g, " ")))];
  const csv = await downloadCsv(page);

  await rows(page).first().getByRole("link").first().click();
  await page.getByTestId("rating-banner").waitFor();
  const banner = (await page.getByTestId("rating-banner").innerText()).replace(/\s+/g, " ");
  await page.getByTestId("event-row").first().waitFor();
  await shoot("session-light");
  const { why, labelled } = await readWhy(page);
  await shoot("why-light");
  violations.push(...(await inspect(page, "session")));

  await page.emulateMedia({ colorScheme: "dark" });
  await page.evaluate(() => window.scrollTo(0, 0));
  await shoot("session-dark");
  await page.goBack({ waitUntil: "commit" });
  await rows(page).first().waitFor();
  await shoot("search-dark");
  await page.emulateMedia({ colorScheme: "light" });
  for (const part of ["users", "audit"]) {
    await page.getByRole("link", { name: part === "users" ? "Administration" : "Audit", exact: true }).click();
    await page.getByTestId(part === "users" ? "user-row" : "audit-row").first().waitFor();
    await shoot(`${part}-light`);
    violations.push(...(await inspect(page, part)));
  }
  return { columns, live, sorted, rows: cells.length, ratings, banner, why, csvHeader: csv[0], csvRows: csv.length - 1, problems, labelled };
}

try {
  if (images) await mkdir(images, { recursive: true });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, acceptDownloads: true, colorScheme: "light" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => problems.push(String(error)));
  // Before the login the pages ask who is there, and are told 401: the browser notes that as an error.
  page.on("console", (message) => message.type() === "error" && !/401/.test(message.text()) && problems.push(message.text()));
  const seen = await morning(page);
  for (const violation of violations) console.error(violation);
  console.log(JSON.stringify({ ...seen, axe: violations.length }));
} finally {
  await browser.close();
}
