import assert from "node:assert/strict";
import test from "node:test";
import * as world from "./world.mjs";
import { PASSWORD, newAddress, newClient, newUser, ok, refused, signedIn } from "./world.mjs";

test("the address changes when the new one confirms", async () => {
  const { client, email, user: before } = await newUser();
  const next = newAddress();
  const { user } = ok(await client.auth.changeEmail(PASSWORD, next));
  assert.deepEqual(user, before);
  assert.deepEqual(ok(await client.auth.getUserFromDB()).user, before);
  refused(await newClient().auth.signInWithEmail(next, PASSWORD), 401, "invalid_credentials");

  const { status, location } = await world.confirm(world.linkOf(await world.getMail(next, "change-email")));
  assert.equal(status, 303);
  assert.equal(location.searchParams.get("action"), "change-email");
  assert.equal(location.searchParams.get("status"), "200");
  assert.equal(location.searchParams.get("access_token"), null);

  const { user: after } = ok(await client.auth.getUserFromDB());
  assert.equal(after._id, before._id);
  assert.equal(after.email, next);
  assert.equal(after.emailVerified, true);
  await signedIn(next);
  refused(await newClient().auth.signInWithEmail(email, PASSWORD), 401, "invalid_credentials");
  await world.getMail(email, "email-changed");
});

test("a change needs the current password", async () => {
  const { client } = await newUser();
  const next = newAddress();
  const answer = await client.auth.changeEmail("not-the-right-one-1", next);
  world.refusedButSignedIn(client, answer, 401, "invalid_credentials");
  assert.equal(answer.user, null);
  world.refusedButSignedIn(client, await client.auth.changeEmail(undefined, next), [400, 401]);
  await world.noMail(next, "change-email");
});

test("a change needs an address", async () => {
  const { client } = await newUser();
  for (const address of ["not-an-address", "", undefined])
    assert.equal(world.refusedButSignedIn(client, await client.auth.changeEmail(PASSWORD, address), 400).length, 1);
});

test("a change needs a session", async () => {
  refused(await newClient().auth.changeEmail(PASSWORD, newAddress()), 401, "missing_session_token");
});

test("a taken address answers like a free one, and stays with its owner", async () => {
  const { email: taken, client: owner, id } = await newUser({ email: newAddress("pair") });
  const answers = [];
  for (const address of [newAddress("pair"), taken]) {
    const { client, email, id: own } = await newUser({ name: "Eve", email: newAddress("evee") });
    answers.push(world.masked(ok(await client.auth.changeEmail(PASSWORD, address)), email, own));
  }
  assert.equal(answers[1], answers[0]);
  await world.noMail(taken, "change-email");
  const { user } = ok(await owner.auth.getUserFromDB());
  assert.equal(user._id, id);
  assert.equal(user.email, taken);
});
