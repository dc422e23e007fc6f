// A buyer who tries card after card in a real Chromium, and then an analyst who finds out why the last one was held: in the decision,
// in the session and on the card's page. Prints what was seen as JSON: node story.mjs SHOP HUB EMAIL PASSWORD CARD...
import { chromium } from "playwright-core";

const [shop, hub, email, password, ...cards] = process.argv.slice(2);
if (cards.length === 0) {
  console.error("usage: node story.mjs SHOP HUB EMAIL PASSWORD CARD...");
  process.exit(2);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version().split(".")[0]}.0.0.0 Safari/537.36`;
const seen = { payments: [], decision: {}, session: {}, entity: {}, problems: [] };

async function open() {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, userAgent });
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return page;
}

/** Fills in the checkout and says what came of it: the path and the code by which the shop says why not. */
async function pay(page, card) {
  await page.goto(new URL("/checkout", shop).href);
  const form = page.locator("form[action='/checkout']");
  for (const [name, value] of Object.entries({
    email: "ada@example.com", phone: "+12025550143", name: "Ada Buyer", street: "1 Main St", city: "Springfield", postal_code: "62701", country: "US",
    card_number: card, card_holder: "Ada Buyer", card_month: "12", card_year: "2031", card_cvv: "123",
  })) {
    await form.locator(`[name=${name}]`).fill(value);
  }
  const [answer] = await Promise.all([page.waitForResponse((r) => r.request().method() === "POST" && new URL(r.url()).pathname === "/checkout"), form.locator("button").click()]);
  await page.waitForLoadState();
  return { status: answer.status(), declined: (await answer.allHeaders())["x-decline-code"] ?? "", path: new URL(page.url()).pathname };
}

async function buy() {
  const page = await open();
  await page.goto(shop);
  await page.goto(new URL("/products/BTL-001", shop).href);
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.waitForURL(/\/cart/);
  for (const card of cards) seen.payments.push(await pay(page, card));
  await page.context().close();
}

async function investigate() {
  const page = await open();
  await page.goto(hub);
  await page.getByLabel("Email").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.waitForURL(/\/search/);
  // The review queue leads to the decision.
  await page.goto(new URL("/payments/reviews", hub).href);
  const row = page.getByTestId("review-row").first();
  await row.waitFor();
  seen.decision.queue = await page.getByTestId("review-row").count();
  await row.getByRole("link").first().click();
  await page.getByTestId("decision-banner").waitFor();
  seen.decision.banner = await page.getByTestId("decision-banner").innerText();
  seen.decision.journey = await page.getByTestId("journey").innerText();
  const fired = page.locator("[data-testid=rule-trace][open]");
  await fired.first().waitFor();
  seen.decision.rules = await fired.allInnerTexts();
  const card = await page.locator("a[href*='/entities/credential_fingerprint/']").first().getAttribute("href");
  // The session shows the decision among its events.
  await page.getByRole("link", { name: "Open the session" }).click();
  await page.waitForURL(/\/sessions\//);
  const decided = page.getByTestId("event-row").filter({ hasText: "Payment Decision" });
  await decided.first().waitFor();
  seen.session.events = await decided.count();
  seen.session.text = (await decided.allInnerTexts()).join("\n");
  // And the card's own page both.
  await page.goto(new URL(card, hub).href);
  await page.getByTestId("decision-row").first().waitFor();
  seen.entity.decisions = await page.getByTestId("decision-row").count();
  seen.entity.text = await page.locator("main").innerText();
  await page.context().close();
}

try {
  await buy();
  await investigate();
} catch (error) {
  seen.problems.push(String(error));
}
await browser.close();
console.log(JSON.stringify(seen));
