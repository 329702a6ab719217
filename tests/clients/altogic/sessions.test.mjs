import assert from "node:assert/strict";
import test from "node:test";
import * as world from "./world.mjs";
import { AUTH, PASSWORD, isAlive, newClient, newUser, ok, refused, signedIn } from "./world.mjs";

const CHROME =
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
  "Version/17.2 Mobile/15E148 Safari/604.1";

const listOf = async (client) => ok(await client.auth.getAllSessions()).sessions;
const tokensOf = async (client) => (await listOf(client)).map(({ token }) => token);
/** The handle under which one device sees the only other one. */
const otherOf = async (client, own) => (await tokensOf(client)).find((token) => token !== own.token);

function assertUserAgent({ family, device, os, ...version }) {
  for (const part of [{ family, ...version }, device, os])
    for (const key of ["family", "major", "minor", "patch"]) {
      assert.equal(typeof part[key], "string", key);
      assert.notEqual(part[key], "", key);
    }
}

test("the list is newest first; the own token is real, the others are handles", async () => {
  const { client, email, id, session: first } = await newUser();
  const { client: laptop, session: second } = await signedIn(email);
  const { session: third } = await signedIn(email);

  const sessions = await listOf(laptop);
  assert.equal(sessions.length, 3);
  assert.equal(sessions[1].token, second.token);
  for (const { token } of [sessions[0], sessions[2]]) {
    assert.match(token, /^sh_[A-Za-z0-9_-]+$/);
    for (const secret of [first, second, third]) assert.ok(!token.includes(secret.token));
  }
  const times = sessions.map(({ creationDtm }) => creationDtm);
  assert.deepEqual(times, [...times].sort().reverse());
  for (const session of sessions) {
    assert.equal(session.userId, id);
    assert.match(session.creationDtm, world.INSTANT);
    assert.deepEqual(session.accessGroupKeys, []);
    assertUserAgent(session.userAgent);
  }
  assert.equal((await tokensOf(client)).indexOf(first.token), 2);
});

test("the client in node is an other family on an other device", async () => {
  const { client, session } = await newUser();
  assertUserAgent(session.userAgent);
  const [{ userAgent }] = await listOf(client);
  assert.deepEqual(userAgent, session.userAgent);
  assert.equal(userAgent.family, "Other");
  assert.equal(userAgent.device.family, "Other");
  assert.equal(userAgent.os.family, "Other");
});

test("browsers and devices have their names", async () => {
  const { email } = await newUser();
  const userAgentOf = async (header) => {
    const body = { email, password: PASSWORD };
    const answer = await world.call(`${AUTH}/signin-email`, { body, headers: { "User-Agent": header } });
    assert.equal(answer.status, 200, answer.text);
    const { userAgent } = answer.json().session;
    assertUserAgent(userAgent);
    return userAgent;
  };
  const chrome = await userAgentOf(CHROME);
  assert.equal(chrome.family, "Chrome");
  assert.equal(chrome.major, "120");
  assert.match(chrome.os.family, /^Windows/);
  const iphone = await userAgentOf(IPHONE);
  assert.equal(iphone.device.family, "iPhone");
  assert.equal(iphone.os.family, "iOS");
  assert.equal(iphone.os.major, "17");
  await userAgentOf("(".repeat(3000));
  await userAgentOf("\u00e9\u00ff");
});

test("without a live session there is no list", async () => {
  refused(await newClient().auth.getAllSessions(), 401, "missing_session_token");
  const client = newClient();
  client.auth.setSession({ token: "long-forgotten" });
  refused(await client.auth.getAllSessions(), 401, "invalid_session_token");
  assert.equal(client.auth.getSession(), null);
});

test("signing out ends this session and no other", async () => {
  const { client, email, session } = await newUser();
  const { client: laptop } = await signedIn(email);
  ok(await client.auth.signOut());
  assert.equal(client.auth.getSession(), null);
  assert.ok(await isAlive(laptop));
  client.auth.setSession(session);
  refused(await client.auth.getUserFromDB(), 401, "invalid_session_token");
  refused(await client.auth.signOut(), 401, "missing_session_token");
});

test("signing out when not signed in says so", async () => {
  refused(await newClient().auth.signOut(), 401, "missing_session_token");
  refused(await newClient().auth.signOutAll(), 401, "missing_session_token");
  refused(await newClient().auth.signOutAllExceptCurrent(), 401, "missing_session_token");
});

test("one device signs another out by its handle", async () => {
  const { client, email, session } = await newUser();
  const { client: laptop } = await signedIn(email);
  const handle = await otherOf(client, session);
  ok(await client.auth.signOut(handle));
  assert.ok(await isAlive(client));
  assert.ok(!(await isAlive(laptop)));
  assert.deepEqual(await tokensOf(client), [session.token]);
  ok(await client.auth.signOut(handle));
  assert.ok(await isAlive(client));
});

test("the own token signs out as well as none", async () => {
  const { client, session } = await newUser();
  ok(await client.auth.signOut(session.token));
  assert.equal(client.auth.getSession(), null);
  client.auth.setSession(session);
  refused(await client.auth.getUserFromDB(), 401, "invalid_session_token");
});

test("the real token of another own device signs that one out", async () => {
  const { client, email } = await newUser();
  const { client: laptop, session } = await signedIn(email);
  ok(await client.auth.signOut(session.token));
  assert.ok(await isAlive(client));
  assert.ok(!(await isAlive(laptop)));
});

test("a handle is good for nothing but signing out", async () => {
  const { client, email, session } = await newUser();
  await signedIn(email);
  const thief = newClient();
  thief.auth.setSession({ token: await otherOf(client, session) });
  refused(await thief.auth.getUserFromDB(), 401, "invalid_session_token");
  refused(await newClient().auth.getAuthGrant(await otherOf(client, session)), [400, 403]);
  assert.equal((await listOf(client)).length, 2);
});

test("what belongs to someone else is signed out without effect", async () => {
  const { client, email, session } = await newUser();
  const { client: laptop } = await signedIn(email);
  const { client: stranger } = await newUser({ name: "Eve" });
  for (const token of [session.token, await otherOf(client, session), "sh_nonsense", "nonsense", "null"]) {
    ok(await stranger.auth.signOut(token));
    assert.ok(stranger.auth.getSession());
  }
  for (const device of [client, laptop, stranger]) assert.ok(await isAlive(device));
});

test("signing out everywhere ends all", async () => {
  const { client, email, session } = await newUser();
  const { client: laptop } = await signedIn(email);
  ok(await client.auth.signOutAll());
  assert.equal(client.auth.getSession(), null);
  assert.ok(!(await isAlive(laptop)));
  client.auth.setSession(session);
  assert.ok(!(await isAlive(client)));
});

test("signing out everywhere else keeps this one", async () => {
  const { client, email, session } = await newUser();
  const { client: laptop } = await signedIn(email);
  const { client: bystander } = await newUser({ name: "Eve" });
  ok(await client.auth.signOutAllExceptCurrent());
  assert.ok(await isAlive(client));
  assert.ok(!(await isAlive(laptop)));
  assert.ok(await isAlive(bystander));
  assert.deepEqual(await tokensOf(client), [session.token]);
});
