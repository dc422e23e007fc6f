// A person who works at a WordPress site in a real Chromium until the script's input ends: signs in, looks at pages again and
// again, and now and then signs in anew. Prints what happened as JSON: node bystander.mjs URL
import { chromium } from "playwright-core";

const [url] = process.argv.slice(2);
if (url === undefined) {
  console.error("usage: node bystander.mjs URL");
  process.exit(2);
}
let leaving = false;
process.stdin.on("end", () => (leaving = true)).resume();

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const seen = { pages: 0, signIns: 0, failed: 0, bad: [], problems: [] };
const { host } = new URL(url);

/** A new window; what WordPress wants from elsewhere, such as pictures of people, is none of ours. */
async function open() {
  // A person's browser does not call itself headless.
  const userAgent = `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${browser.version().split(".")[0]}.0.0.0 Safari/537.36`;
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, userAgent });
  await context.route((to) => to.host !== host, (route) => route.fulfill({ status: 200, contentType: "image/gif", body: "" }));
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  page.on("response", (response) => {
    const status = response.status();
    if (new URL(response.url()).host === host && status !== 200 && status !== 302 && status !== 304) seen.bad.push(`${status} ${response.url()}`);
  });
  return page;
}

async function signIn(page) {
  await page.goto(new URL("/wp-login.php", url).href);
  await page.waitForTimeout(1500); // people read, and WordPress moves the focus about at first
  await page.locator("#user_login").fill("admin");
  await page.locator("#user_pass").fill("correct-horse-battery");
  await page.locator("#wp-submit").click();
  try {
    await page.waitForURL(/\/wp-admin\//);
    seen.signIns++;
  } catch (error) {
    seen.failed++;
    seen.problems.push(String(error));
  }
}

async function look(page, path, mark) {
  await page.goto(new URL(path, url).href, { waitUntil: "domcontentloaded" });
  seen.pages++;
  if (!(await page.locator(mark).first().isVisible())) seen.bad.push(`${path} is not what it was`);
}

try {
  const page = await open();
  await signIn(page);
  console.error("signed in");
  for (let round = 0; !leaving; round++) {
    // Nobody reads faster than this.
    await look(page, "/wp-admin/profile.php", "#wpadminbar");
    await page.waitForTimeout(5000);
    await look(page, "/", "#wpadminbar");
    await page.waitForTimeout(4000);
    if (round % 3 === 1) await signIn(page);
  }
} catch (error) {
  seen.problems.push(String(error));
  seen.failed++;
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
