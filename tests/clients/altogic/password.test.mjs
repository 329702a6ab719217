import assert from "node:assert/strict";
import test from "node:test";
import * as world from "./world.mjs";
import { OTHER_PASSWORD, PASSWORD, isAlive, newAddress, newClient, newUser, ok, refused, signedIn } from "./world.mjs";

const TOKEN_CODES = ["invalid_access_token", "missing_access_token", "invalid_token_type", "invalid_action_type"];

test("a change with the wrong old password changes nothing", async () => {
  const { client, email } = await newUser();
  const { client: laptop } = await signedIn(email);
  const answer = await client.auth.changePassword(OTHER_PASSWORD, "not-the-right-one-1");
  world.refusedButSignedIn(client, answer, 401, "invalid_credentials");
  for (const device of [client, laptop]) assert.ok(await isAlive(device));
  await signedIn(email, PASSWORD);
});

test("a change keeps this session, ends the others and tells the user", async () => {
  const { client, email } = await newUser();
  const { client: laptop } = await signedIn(email);
  ok(await client.auth.changePassword(OTHER_PASSWORD, PASSWORD));
  assert.ok(await isAlive(client));
  assert.ok(!(await isAlive(laptop)));
  refused(await newClient().auth.signInWithEmail(email, PASSWORD), 401, "invalid_credentials");
  await signedIn(email, OTHER_PASSWORD);
  await world.getMail(email, "password-changed");
});

test("a change keeps to the rules for passwords", async () => {
  const { client, email } = await newUser();
  for (const password of ["1234567", "password123", "x".repeat(257), undefined]) {
    const answer = await client.auth.changePassword(password, PASSWORD);
    assert.equal(world.refusedButSignedIn(client, answer, 400).length, 1);
  }
  await signedIn(email, PASSWORD);
});

test("a change needs a session", async () => {
  refused(await newClient().auth.changePassword(OTHER_PASSWORD, PASSWORD), 401, "missing_session_token");
});

test("a reset ends every session and signs nobody in", async () => {
  const { client, email } = await newUser();
  const { client: laptop } = await signedIn(email);
  const visitor = newClient();
  ok(await visitor.auth.sendResetPwdEmail(email));
  const { status, location } = await world.confirm(world.linkOf(await world.getMail(email, "reset")));
  assert.equal(status, 303);
  assert.equal(location.searchParams.get("action"), "reset-pwd");
  assert.equal(location.searchParams.get("status"), "200");
  const token = location.searchParams.get("access_token");
  for (const device of [client, laptop]) assert.ok(await isAlive(device), "asking for a reset ended a session");

  ok(await visitor.auth.resetPwdWithToken(token, OTHER_PASSWORD));
  refused(await visitor.auth.getUserFromDB(), 401, "missing_session_token");
  for (const device of [client, laptop]) refused(await device.auth.getUserFromDB(), 401, "invalid_session_token");
  refused(await newClient().auth.signInWithEmail(email, PASSWORD), 401, "invalid_credentials");
  const { client: again } = await signedIn(email, OTHER_PASSWORD);
  assert.equal(ok(await again.auth.getAllSessions()).sessions.length, 1);
  await world.getMail(email, "password-changed");
});

test("a token for a reset works once", async () => {
  const { email } = await newUser();
  ok(await newClient().auth.sendResetPwdEmail(email));
  const token = await world.accessToken(email, "reset");
  ok(await newClient().auth.resetPwdWithToken(token, OTHER_PASSWORD));
  refused(await newClient().auth.resetPwdWithToken(token, "a-third-one-4-luck"), [400, 403], TOKEN_CODES);
  await signedIn(email, OTHER_PASSWORD);
});

test("of many resets with one token exactly one counts", async () => {
  const { email } = await newUser();
  ok(await newClient().auth.sendResetPwdEmail(email));
  const token = await world.accessToken(email, "reset");
  const passwords = Array.from({ length: 4 }, (_, index) => `number-${index}-of-the-four`);
  const answers = await Promise.all(passwords.map((each) => newClient().auth.resetPwdWithToken(token, each)));
  const winners = passwords.filter((_, index) => answers[index].errors === null);
  assert.equal(winners.length, 1);
  await signedIn(email, winners[0]);
});

test("a refused new password leaves the token for another try", async () => {
  const { email } = await newUser();
  ok(await newClient().auth.sendResetPwdEmail(email));
  const token = await world.accessToken(email, "reset");
  for (const password of ["1234567", "password123", undefined])
    assert.equal(refused(await newClient().auth.resetPwdWithToken(token, password), 400).length, 1);
  ok(await newClient().auth.resetPwdWithToken(token, OTHER_PASSWORD));
});

test("no reset without a token", async () => {
  for (const token of ["", null, undefined, "null", "undefined", "nonsense"])
    refused(await newClient().auth.resetPwdWithToken(token, OTHER_PASSWORD), [400, 403], "invalid_access_token");
});

test("a reset for an unknown address looks like any other", async () => {
  const unknown = newAddress();
  const { email } = await newUser();
  const answers = [];
  for (const address of [email, unknown]) answers.push(await newClient().auth.sendResetPwdEmail(address));
  assert.deepEqual(answers[1], ok(answers[0]));
  await world.getMail(email, "reset");
  await world.noMail(unknown, "reset");
});
