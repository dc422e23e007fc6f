// A person visits a WordPress site in a real Chromium by one version of HTTP: the shop's page, the login form, the
// dashboard behind it. Prints what the browser saw as JSON: node protocols.mjs http/1.1|h2|h3 URL KEYHASH
// KEYHASH is the SHA-256 of the certificate's public key in base64, "" in clear. Every name leads to this machine.
import { chromium } from "playwright-core";

const [protocol, url, keyHash] = process.argv.slice(2);
if (keyHash === undefined) {
  console.error("usage: node protocols.mjs http/1.1|h2|h3 URL KEYHASH");
  process.exit(2);
}
const { host } = new URL(url);
const only = {
  "http/1.1": ["--disable-http2", "--disable-quic"],
  h2: ["--disable-quic"],
  h3: ["--enable-quic", `--origin-to-force-quic-on=${host}`],
}[protocol];
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--host-resolver-rules=MAP * 127.0.0.1",
    ...(keyHash ? [`--ignore-certificate-errors-spki-list=${keyHash}`] : []),
    ...only,
  ],
});

const seen = { protocols: {}, requests: 0, bad: [], problems: [], pages: [], loggedIn: false };

/** Counts by which protocol the page and everything it loaded came. */
async function noteProtocols(page) {
  const used = await page.evaluate(() =>
    [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .filter(({ name }) => new URL(name).host === location.host && new URL(name).pathname !== "/favicon.ico") // which this browser never asks for
      .filter((entry) => !(entry.transferSize === 0 && entry.decodedBodySize > 0)) // not from the cache
      .map((entry) => entry.nextHopProtocol),
  );
  for (const one of used) seen.protocols[one] = (seen.protocols[one] ?? 0) + 1;
  seen.pages.push(await page.title());
}

try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  // What WordPress wants from elsewhere, such as pictures of people, is none of ours.
  await context.route((to) => to.host !== host, (route) => route.fulfill({ status: 200, contentType: "image/gif", body: "" }));
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on("pageerror", (error) => seen.problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && seen.problems.push(message.text()));
  page.on("requestfailed", (request) => new URL(request.url()).host === host && seen.problems.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (response) => {
    if (new URL(response.url()).host !== host) return;
    seen.requests++;
    const status = response.status();
    if (status !== 200 && status !== 302) seen.bad.push(`${status} ${response.url()}`);
  });

  await page.goto(url, { waitUntil: "networkidle" });
  await noteProtocols(page);
  await page.goto(new URL("/wp-login.php", url).href, { waitUntil: "networkidle" });
  await noteProtocols(page);
  await page.locator("#user_login").fill("admin");
  await page.locator("#user_pass").fill("correct-horse-battery");
  await page.locator("#wp-submit").click();
  await page.waitForURL(/\/wp-admin\//);
  await page.waitForLoadState("networkidle");
  seen.loggedIn = await page.locator("#wpadminbar").isVisible();
  await noteProtocols(page);
} catch (error) {
  seen.problems.push(String(error));
} finally {
  await browser.close();
}
console.log(JSON.stringify(seen));
