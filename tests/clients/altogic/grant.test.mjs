import assert from "node:assert/strict";
import test from "node:test";
import * as world from "./world.mjs";
import { PASSWORD, newAddress, newClient, ok, refused } from "./world.mjs";

const TOKEN_CODES = ["invalid_access_token", "missing_access_token", "invalid_token_type", "invalid_action_type"];

async function freshToken() {
  const email = newAddress();
  ok(await newClient().auth.signUpWithEmail(email, PASSWORD, "Ada"));
  return { email, token: await world.accessToken(email, "verify") };
}

test("two grants of one token at once are one session", async () => {
  const { token } = await freshToken();
  const [first, second] = [newClient(), newClient()];
  const answers = await Promise.all([first.auth.getAuthGrant(token), second.auth.getAuthGrant(token)]);
  for (const answer of answers) ok(answer);
  assert.deepEqual(answers[1], answers[0]);
  assert.match(answers[0].session.token, world.URL_SAFE);

  const { sessions } = ok(await first.auth.getAllSessions());
  assert.deepEqual(
    sessions.map(({ token: own }) => own),
    [answers[0].session.token],
  );
});

test("a later grant inside the window answers the same", async () => {
  const { token } = await freshToken();
  const client = newClient();
  const first = ok(await client.auth.getAuthGrant(token));
  const later = ok(await client.auth.getAuthGrant(token));
  assert.deepEqual(later, first);
  assert.equal(ok(await client.auth.getAllSessions()).sessions.length, 1);
});

test("a replay ends with the session", async () => {
  const { token } = await freshToken();
  const client = newClient();
  const { session } = ok(await client.auth.getAuthGrant(token));
  ok(await client.auth.signOut());
  refused(await client.auth.getAuthGrant(token), [400, 403], TOKEN_CODES);
  client.auth.setSession(session);
  refused(await client.auth.getUserFromDB(), 401, "invalid_session_token");
});

// One signed-in user is enough for all of them.
let someone;
const shared = () => (someone ??= world.newUser());

for (const key of ["", null, undefined, "null", "undefined", "nonsense", "x".repeat(4000), "%00", "a b"])
  test(`no grant for ${String(key).slice(0, 12) || "nothing"} (${key === null ? "null" : typeof key})`, async () => {
    const { client } = await shared();
    const items = world.refusedButSignedIn(client, await client.auth.getAuthGrant(key), [400, 403]);
    assert.deepEqual(
      items.map(({ code }) => code),
      ["invalid_access_token"],
    );
  });

test("a token for a reset is refused and still good for the reset", async () => {
  const { client, email } = await world.newUser();
  ok(await client.auth.sendResetPwdEmail(email));
  const token = await world.accessToken(email, "reset");
  world.refusedButSignedIn(client, await client.auth.getAuthGrant(token), [400, 403], TOKEN_CODES);
  ok(await newClient().auth.resetPwdWithToken(token, world.OTHER_PASSWORD));
  ok(await newClient().auth.signInWithEmail(email, world.OTHER_PASSWORD));
});

test("a token for a grant sets no password", async () => {
  const { email, token } = await freshToken();
  refused(await newClient().auth.resetPwdWithToken(token, world.OTHER_PASSWORD), [400, 403], TOKEN_CODES);
  ok(await newClient().auth.getAuthGrant(token));
  ok(await newClient().auth.signInWithEmail(email, PASSWORD));
});

test("the key of a mail link is no access token", async () => {
  const email = newAddress();
  ok(await newClient().auth.signUpWithEmail(email, PASSWORD, "Ada"));
  const link = world.linkOf(await world.getMail(email, "verify"));
  const key = new URL(link).searchParams.get("key");
  refused(await newClient().auth.getAuthGrant(key), [400, 403], TOKEN_CODES);
  assert.equal((await world.confirm(link)).status, 303);
});

test("a magic link signs in", async () => {
  const { email, id } = await world.newUser();
  const client = newClient();
  ok(await client.auth.sendMagicLinkEmail(email));
  const { location } = await world.confirm(world.linkOf(await world.getMail(email, "magic-link")));
  assert.equal(location.searchParams.get("action"), "magic-link");
  assert.equal(location.searchParams.get("status"), "200");
  const token = location.searchParams.get("access_token");
  const { user, session } = ok(await client.auth.getAuthGrant(token));
  assert.equal(user._id, id);
  assert.ok(user.lastLoginAt > user.signUpAt);
  assert.equal(session.userId, id);
  assert.equal(ok(await client.auth.getUserFromDB()).user._id, id);
  assert.equal(ok(await client.auth.getAllSessions()).sessions.length, 2);
});
