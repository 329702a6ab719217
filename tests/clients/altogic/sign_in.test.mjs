import assert from "node:assert/strict";
import test from "node:test";
import * as world from "./world.mjs";
import { AUTH, OTHER_PASSWORD, PASSWORD, newAddress, newClient, ok, refused } from "./world.mjs";

test("sign-in gives user and session, and the client keeps both", async () => {
  const { email, id, user: before } = await world.newUser();
  const client = newClient();
  const { user, session } = ok(await client.auth.signInWithEmail(email, PASSWORD));
  assert.equal(user._id, id);
  assert.equal(user.email, email);
  assert.ok(user.lastLoginAt > before.lastLoginAt);
  world.assertNoSecret(user);
  assert.equal(session.userId, id);
  assert.match(session.token, world.URL_SAFE);
  assert.match(session.creationDtm, world.INSTANT);
  assert.deepEqual(session.accessGroupKeys, []);
  assert.equal(client.auth.getSession().token, session.token);
  assert.equal(client.auth.getUser()._id, id);
});

test("a wrong password and an unknown user get the same bytes", async () => {
  const { email } = await world.newUser({ email: newAddress("same") });
  const answers = [];
  for (const address of [email, newAddress("same")]) {
    const body = { email: address, password: "not-the-right-one-1" };
    const { status, headers, text } = await world.call(`${AUTH}/signin-email`, { body });
    answers.push({ status, headers: [...headers.keys()], text });

    const client = newClient();
    const { errors, user, session } = await client.auth.signInWithEmail(address, body.password);
    refused({ errors }, 401, "invalid_credentials");
    assert.equal(user, null);
    assert.equal(session, null);
    assert.equal(client.auth.getSession(), null);
  }
  assert.deepEqual(answers[1], answers[0]);
});

test("only the right password learns that an address is not confirmed", async () => {
  const email = newAddress();
  ok(await newClient().auth.signUpWithEmail(email, PASSWORD, "Ada"));
  const wrong = await newClient().auth.signInWithEmail(email, OTHER_PASSWORD);
  const unknown = await newClient().auth.signInWithEmail(newAddress(), OTHER_PASSWORD);
  assert.deepEqual(wrong, unknown);
  refused(await newClient().auth.signInWithEmail(email, PASSWORD), 401, "email_not_verified");
});

test("signing in again while signed in is a second session", async () => {
  const { client, email, session: first } = await world.newUser();
  const { session: second } = ok(await client.auth.signInWithEmail(email, PASSWORD));
  assert.notEqual(second.token, first.token);
  assert.equal(client.auth.getSession().token, second.token);
  assert.equal(ok(await client.auth.getAllSessions()).sessions.length, 2);
});

test("a failed sign-in leaves the session alone", async () => {
  const { client, email } = await world.newUser();
  const answer = await client.auth.signInWithEmail(email, OTHER_PASSWORD);
  world.refusedButSignedIn(client, answer, 401, "invalid_credentials");
  ok(await client.auth.getUserFromDB());
});

test("nonsense for credentials is refused, never a fault", async () => {
  for (const [email, password] of [[], ["", ""], [{}, []], [null, 1], ["a\u0000@example.com", PASSWORD]])
    refused(await newClient().auth.signInWithEmail(email, password), [400, 401]);
});

test("the user from the database is the user of the session", async () => {
  const { client, user } = await world.newUser();
  assert.deepEqual(ok(await client.auth.getUserFromDB()).user, user);
  refused(await newClient().auth.getUserFromDB(), 401, "missing_session_token");
});

test("an app on a server finds its user by the cookie it wrote itself", async () => {
  const { id, session } = await world.newUser();
  const written = [];
  const response = { getHeader: () => undefined, setHeader: (_name, value) => written.push(...value) };
  newClient().auth.setSessionCookie(session.token, {}, response);
  const request = { headers: { cookie: written[0].split(";")[0] } };
  const { user } = ok(await newClient().auth.getUserFromDBbyCookie(request, response));
  assert.equal(user._id, id);
});

test("public routes do not look at a stale session", async () => {
  const { email } = await world.newUser();
  const stale = () => {
    const client = newClient();
    client.auth.setSession({ token: "long-forgotten" });
    return client;
  };
  refused(await stale().auth.getUserFromDB(), 401, "invalid_session_token");

  const address = newAddress();
  ok(await stale().auth.signUpWithEmail(address, PASSWORD, "Ada"));
  ok(await stale().auth.getAuthGrant(await world.accessToken(address, "verify")));
  ok(await stale().auth.signInWithEmail(email, PASSWORD));
  ok(await stale().auth.sendMagicLinkEmail(email));
  ok(await stale().auth.sendResetPwdEmail(email));
  ok(await stale().auth.resetPwdWithToken(await world.accessToken(email, "reset"), OTHER_PASSWORD));
  const client = stale();
  world.refusedButSignedIn(client, await client.auth.signInWithEmail(email, PASSWORD), 401, "invalid_credentials");
  world.refusedButSignedIn(client, await client.auth.getAuthGrant("nonsense"), [400, 403], "invalid_access_token");
});

test("after clearLocalData the client still sends its dead token, and can sign in again", async () => {
  const { client, email } = await world.newUser();
  const { client: other } = await world.signedIn(email);
  ok(await other.auth.signOutAll());
  client.auth.clearLocalData();
  const { session } = ok(await client.auth.signInWithEmail(email, PASSWORD));
  assert.equal(client.auth.getSession().token, session.token);
  ok(await client.auth.getUserFromDB());
});
