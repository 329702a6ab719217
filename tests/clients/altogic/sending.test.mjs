import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import test from "node:test";
import * as world from "./world.mjs";
import { COOLDOWN_MS, PASSWORD, linkOf, newAddress, newClient, newUser, ok } from "./world.mjs";

const SENDS = ["resendVerificationEmail", "sendMagicLinkEmail", "sendResetPwdEmail"];
const send = (name, email) => newClient().auth[name](email);

for (const [name, kind] of [
  ["sendMagicLinkEmail", "magic-link"],
  ["sendResetPwdEmail", "reset"],
])
  test(`${name} tells nobody who is known, also when asked again at once`, async () => {
    const { email } = await newUser();
    const pending = newAddress();
    ok(await newClient().auth.signUpWithEmail(pending, PASSWORD, "Ada"));
    const unknown = newAddress();
    const addresses = [email, pending, unknown];
    const first = [];
    for (const address of addresses) first.push(world.masked(ok(await send(name, address)), address));
    const { id } = await world.getMail(email, kind);
    const again = [];
    for (const address of addresses) again.push(world.masked(await send(name, address), address));
    for (const answers of [first, again]) assert.equal(new Set(answers).size, 1, answers.join("\n"));

    await world.noMail(email, kind, id);
    await world.noMail(unknown, kind);
  });

test("a bad address is refused by all of them alike", async () => {
  for (const name of SENDS)
    for (const email of ["not-an-address", "", undefined, null]) {
      const items = world.refused(await send(name, email), 400);
      assert.deepEqual(world.fieldsOf(items), ["email"], `${name}(${email})`);
    }
});

for (const local of ["ada+tag", "rock&roll", "a=b", "o'hara"])
  test(`the client sends the address unencoded: ${local}`, async () => {
    const email = newAddress(local);
    await newUser({ email });
    ok(await send("sendMagicLinkEmail", email));
    const client = newClient();
    const { user } = ok(await client.auth.getAuthGrant(await world.accessToken(email, "magic-link")));
    assert.equal(user.email, email);
  });

test("after the cooldown a new mail comes, and only its link works", { timeout: 3 * COOLDOWN_MS }, async () => {
  const pending = newAddress();
  ok(await newClient().auth.signUpWithEmail(pending, PASSWORD, "Ada"));
  const first = await world.getMail(pending, "verify");
  const { email: verified } = await newUser();
  const before = await world.getMail(verified, "verify");
  const unknown = newAddress();
  await sleep(COOLDOWN_MS);

  const answers = [];
  for (const address of [pending, verified, unknown]) {
    const once = ok(await send("resendVerificationEmail", address));
    const again = await send("resendVerificationEmail", address);
    answers.push(world.masked([once, again], address));
  }
  assert.equal(answers[1], answers[0]);
  assert.equal(answers[2], answers[0]);

  const second = await world.getMail(pending, "verify", { after: first.id });
  assert.notEqual(linkOf(second), linkOf(first));
  await world.noMail(pending, "verify", second.id);
  await world.noMail(verified, "verify", before.id);
  await world.noMail(unknown, "verify");

  assert.notEqual((await world.confirm(linkOf(first))).status, 303);
  const { status, location } = await world.confirm(linkOf(second));
  assert.equal(status, 303);
  const { user } = ok(await newClient().auth.getAuthGrant(location.searchParams.get("access_token")));
  assert.equal(user.email, pending);
});
