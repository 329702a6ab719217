import assert from "node:assert/strict";
import test from "node:test";
import * as world from "./world.mjs";
import { PASSWORD, newAddress, newClient, ok } from "./world.mjs";

/** A confirmation link that nobody has used. */
async function freshLink() {
  const email = newAddress();
  ok(await newClient().auth.signUpWithEmail(email, PASSWORD, "Ada"));
  return world.linkOf(await world.getMail(email, "verify"));
}

/** The page says no, and leads back to the app with the reason. */
function assertFailurePage({ status, location, html }, action) {
  assert.notEqual(status, 303, String(location));
  const targets = [...html.matchAll(/href="([^"]+)"/g)].map(([, href]) => href.replaceAll("&amp;", "&"));
  const back = targets.find((href) => href.startsWith(world.REDIRECT_URL));
  assert.ok(back, `no way back to the app on the page:\n${html}`);
  const query = new URL(back).searchParams;
  assert.match(query.get("status"), /^40[014]$/);
  assert.equal(query.get("action"), action);
  assert.ok(query.get("error"));
  assert.equal(query.get("access_token"), null);
}

test("the link carries the app and leads to a page with one button", async () => {
  const link = await freshLink();
  assert.ok(link.startsWith(`${world.ENV_URL}${world.AUTH}/verify?`), link);
  const page = await world.openLink(link);
  const html = await page.text();
  assert.equal(page.status, 200);
  assert.match(page.headers.get("content-type"), /^text\/html/);
  assert.match(html, /demo/);
  const forms = world.formsOf(html, link);
  assert.equal(forms.length, 1);
  assert.equal(forms[0].buttons, 1);
  assert.equal(new URL(forms[0].action).pathname, new URL(link).pathname);
});

test("reading the page consumes nothing, neither by GET nor by HEAD", async () => {
  const link = await freshLink();
  for (const method of ["GET", "HEAD", "GET"]) {
    const page = await world.openLink(link, method);
    assert.equal(page.status, 200, method);
    assert.equal(page.headers.get("location"), null);
    if (method === "HEAD") assert.equal(await page.text(), "");
  }
  assert.equal((await world.confirm(link)).status, 303);
});

test("the button leads to the app, with the app's own query kept", async () => {
  const { status, location } = await world.confirm(await freshLink());
  assert.equal(status, 303);
  assert.ok(location.href.startsWith(world.REDIRECT_URL), location.href);
  assert.equal(location.searchParams.get("keep"), "1");
  assert.equal(location.searchParams.get("action"), "email-confirm");
  assert.equal(location.searchParams.get("status"), "200");
  assert.match(location.searchParams.get("access_token"), world.URL_SAFE);
  assert.equal(location.searchParams.get("error"), null);
});

test("a used link says so", async () => {
  const link = await freshLink();
  assert.equal((await world.confirm(link)).status, 303);
  const page = await world.openLink(link);
  assertFailurePage({ status: page.status, html: await page.text() }, "email-confirm");
});

test("a truncated link says so", async () => {
  const link = new URL(await freshLink());
  link.searchParams.set("key", link.searchParams.get("key").slice(0, -5));
  const page = await world.openLink(link);
  assertFailurePage({ status: page.status, html: await page.text() }, "email-confirm");
});

test("of many presses exactly one counts", async () => {
  const link = await freshLink();
  const html = await (await world.openLink(link)).text();
  const presses = await Promise.all(Array.from({ length: 8 }, () => world.pressButton(link, html)));
  const through = presses.filter(({ status }) => status === 303);
  assert.equal(through.length, 1);
  for (const press of presses.filter(({ status }) => status !== 303))
    assertFailurePage(press, "email-confirm");
});

test("the action in the link decides nothing", async () => {
  const link = new URL(await freshLink());
  link.searchParams.set("action", "reset-pwd");
  const { status, location } = await world.confirm(link.href);
  // Refused, or taken for what it is: never a token that could set a password.
  if (status === 303) assert.equal(location.searchParams.get("action"), "email-confirm");
});

test("a link without a key is a page, not a fault", async () => {
  for (const query of ["", "?key=", "?key=null&action=email-confirm", "?key=%00&action=nonsense"]) {
    const page = await world.openLink(`${world.ENV_URL}${world.AUTH}/verify${query}`);
    assert.ok(page.status < 500, `${query}: ${page.status}`);
    assert.match(page.headers.get("content-type"), /^text\/html/);
  }
});
