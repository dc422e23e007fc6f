// A person meets checks in a real Chromium, with scripts on or off: opens a page that asks for a check, passes it as a person
// would, opens the page again, and sends a form that is asked too. Prints what happened as JSON: node checks.mjs URL KIND on|off
import { chromium } from "playwright-core";

const [url, kind, scripts] = process.argv.slice(2);
if (scripts === undefined) {
  console.error("usage: node checks.mjs URL KIND on|off");
  process.exit(2);
}
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * 127.0.0.1"],
});

/** The answers to the plain questions that stand beside checks. */
const words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen"];
function think(question) {
  const numbers = question.toLowerCase().match(/[a-z]+/g).map((word) => words.indexOf(word)).filter((number) => number >= 0);
  if (question.includes("largest")) return Math.max(...numbers);
  return question.includes("minus") ? numbers[0] - numbers[1] : numbers[0] + numbers[1];
}

/** Passes what is asked, until the page is there; gives how many pages of checks were seen. */
async function pass(page, arrived) {
  let asked = 0;
  for (const deadline = Date.now() + 45_000; Date.now() < deadline; ) {
    await page.waitForLoadState("domcontentloaded").catch(() => {});
    if (await page.locator(arrived).first().isVisible().catch(() => false)) return asked;
    const form = page.locator("form#check");
    if (await form.count().catch(() => 0)) {
      asked++;
      await answer(page).catch((error) => seen.problems.push(String(error)));
    } else {
      await page.waitForTimeout(100);
    }
  }
  throw new Error(`${arrived} did not come; there is: ${await page.title()}`);
}

/** Does what the page asks for: nothing where it goes on by itself within the time a person needs to read it. */
async function answer(page) {
  const gone = (timeout) => page.waitForEvent("framenavigated", { timeout }).then(() => true, () => false);
  const box = page.locator("#person");
  if (await box.isVisible().catch(() => false)) {
    const here = gone(30_000);
    await box.check();
    await here;
    return;
  }
  if (await gone(scripts === "on" ? 30_000 : 4500)) return;
  const here = gone(30_000);
  const question = page.locator("#answer");
  if (await question.count()) {
    if (!(await question.isVisible())) await page.locator("summary").click({ timeout: 3000 });
    await question.fill(String(think(await page.locator("label[for=answer]").innerText())), { timeout: 3000 });
    await page.locator("#other button").click({ timeout: 3000 });
  } else {
    await page.locator("#go button").click({ timeout: 3000 });
  }
  await here;
}

const seen = { asked: 0, again: 0, form: "", formAsked: 0, problems: [] };
try {
  const context = await browser.newContext({ javaScriptEnabled: scripts === "on" });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => seen.problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && !message.text().includes("403 (Forbidden)") && seen.problems.push(message.text()));
  let refused = 0;
  page.on("response", (response) => response.status() === 403 && response.request().isNavigationRequest() && refused++);

  await page.goto(new URL(`/checked/${kind}`, url).href).catch(() => {});
  await pass(page, "#welcome");
  seen.asked = refused;
  refused = 0;
  for (let visit = 0; visit < 3; visit++) {
    await page.goto(new URL(`/checked/${kind}`, url).href);
    await page.locator("#welcome").waitFor();
  }
  seen.again = refused;
  await context.close();

  if (kind !== "second_factor") {
    // A form that meets a check in a browser that has passed none: what was typed must arrive.
    const fresh = await browser.newContext({ javaScriptEnabled: scripts === "on" });
    const form = await fresh.newPage();
    form.setDefaultTimeout(20_000);
    await form.goto(new URL(`/form/${kind}`, url).href);
    await form.locator("#note").fill("typed by a person: äöü & <b>");
    await form.locator("#send").click();
    seen.formAsked = await pass(form, "#echo");
    seen.form = await form.locator("#echo").innerText();
    await fresh.close();
  }
} catch (error) {
  seen.problems.push(String(error));
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
