import assert from "node:assert/strict";
import test from "node:test";
import * as world from "./world.mjs";
import { AUTH, OTHER_PASSWORD, PASSWORD, fieldsOf, newAddress, newClient, ok, refused } from "./world.mjs";

test("sign-up waits for the confirmation of the address", async () => {
  const client = newClient();
  const email = newAddress();
  const { user, session } = ok(await client.auth.signUpWithEmail(email, PASSWORD, "Ada"));

  assert.equal(session, null);
  assert.equal(client.auth.getSession(), null);
  assert.match(user._id, world.ID);
  assert.equal(user.provider, "altogic");
  assert.equal(user.providerUserId, user._id);
  assert.equal(user.email, email);
  assert.equal(user.emailVerified, false);
  assert.equal(user.name, "Ada");
  assert.match(user.signUpAt, world.INSTANT);
  assert.equal(user.lastLoginAt, user.signUpAt);
  world.assertNoSecret(user);

  const message = await world.getMail(email, "verify");
  assert.match(message.codes[0], /^\d{6}$/);
  assert.ok(message.text.includes(message.codes[0]) && message.html.includes(message.codes[0]));
});

test("the confirmed user is the one that sign-up answered", async () => {
  const client = newClient();
  const email = newAddress();
  const { user: announced } = ok(await client.auth.signUpWithEmail(email, PASSWORD, "Ada"));
  const token = await world.accessToken(email, "verify");
  const { user, session } = ok(await client.auth.getAuthGrant(token));

  assert.equal(user._id, announced._id);
  assert.equal(user.emailVerified, true);
  assert.equal(session.userId, user._id);
  assert.match(session.token, world.URL_SAFE);
  assert.equal(client.auth.getSession().token, session.token);
  assert.equal(client.auth.getUser()._id, user._id);
});

test("addresses are trimmed and folded", async () => {
  const client = newClient();
  const email = newAddress();
  const { user } = ok(await client.auth.signUpWithEmail(`  ${email.toUpperCase()} `, PASSWORD, "Ada"));
  assert.equal(user.email, email);
  ok(await client.auth.getAuthGrant(await world.accessToken(email, "verify")));
  ok(await newClient().auth.signInWithEmail(` ${email.replace("ada", "Ada")}`, PASSWORD));
});

const INVALID = [
  ["all wrong", "not-an-address", "1234567", ["email", "password"]],
  ["nothing at all", undefined, undefined, ["email", "password"]],
  ["other types", { a: 1 }, 12345678, ["email", "password"]],
  ["bad address", "not-an-address", PASSWORD, ["email"]],
  ["bad domain", "ada@", PASSWORD, ["email"]],
  ["short password", newAddress(), "q7#Vx2!", ["password"]],
  ["common password", newAddress(), "password123", ["password"]],
  ["long password", newAddress(), "q7#Vx2!p".repeat(33), ["password"]],
  ["an address for a password", newAddress(), newAddress("ann"), ["password"]],
];
for (const [name, email, password, fields] of INVALID)
  test(`one item for each wrong field: ${name}`, async () => {
    const client = newClient();
    const answer = await client.auth.signUpWithEmail(email, password, "Ada");
    assert.deepEqual(fieldsOf(refused(answer, 400)).sort(), fields);
    assert.equal(answer.user, null);
    assert.equal(answer.session, null);
    if (typeof password === "string") world.assertNoSecret(answer.errors, password);
  });

test("the shortest and the longest password are welcome", async () => {
  for (const password of ["q7#Vx2!p", "q7#Vx2!p".repeat(32)])
    ok(await newClient().auth.signUpWithEmail(newAddress(), password, "Ada"));
});

test("arguments in the wrong order are a validation error that repeats no secret", async () => {
  const email = newAddress();
  const answer = await newClient().auth.signUpWithEmail("Ann", email, PASSWORD);
  assert.ok(fieldsOf(refused(answer, 400)).includes("email"));
  world.assertNoSecret(answer.errors, email);
  await world.noMail(email, "verify");
});

test("user data may be an object", async () => {
  const client = newClient();
  const { user } = ok(await client.auth.signUpWithEmail(newAddress(), PASSWORD, { name: "Ada Lovelace" }));
  assert.equal(user.name, "Ada Lovelace");
});

const PROTECTED = {
  _id: "0123456789abcdef01234567",
  emailVerified: true,
  provider: "google",
  providerUserId: "1234",
  role: "admin",
  roles: ["admin"],
  accessGroupKeys: ["admin"],
  phone: "+15550100",
  phoneVerified: true,
  password: OTHER_PASSWORD,
  signUpAt: "2001-01-01T00:00:00.000Z",
  lastLoginAt: "2001-01-01T00:00:00.000Z",
  email: "someone-else@example.com",
};
for (const [field, value] of Object.entries(PROTECTED))
  test(`sign-up never takes ${field} from the user data`, async () => {
    const client = newClient();
    const email = newAddress();
    const answer = await client.auth.signUpWithEmail(email, PASSWORD, { name: "Ada", [field]: value });
    if (answer.errors) {
      assert.deepEqual(fieldsOf(refused(answer, 400)), [field]);
      return;
    }
    assert.equal(answer.session, null);
    const { user } = ok(await client.auth.getAuthGrant(await world.accessToken(email, "verify")));
    assert.notDeepEqual(answer.user[field], value);
    // Confirming is what verifies an address, so afterwards this one field is rightly true.
    if (field !== "emailVerified") assert.notDeepEqual(user[field], value);
    ok(await newClient().auth.signInWithEmail(email, PASSWORD));
  });

test("a taken address answers like a fresh one, byte for byte", async () => {
  const answers = [];
  for (const email of [newAddress("twin"), (await world.newOwner("twin")).email]) {
    const answer = await world.call(`${AUTH}/signup-email`, {
      body: { email, password: OTHER_PASSWORD, nameOrUserData: "Twin" },
    });
    const { user, session } = answer.json();
    assert.equal(session, null);
    assert.equal(user.email, email);
    assert.equal(user.name, "Twin");
    answers.push({
      status: answer.status,
      headers: [...answer.headers.keys()],
      length: answer.text.length,
      keys: JSON.stringify(world.shape(answer.json())),
      text: world.masked(answer.json(), email),
    });
  }
  assert.equal(answers[0].status, 200);
  assert.deepEqual(answers[1], answers[0]);
});

test("a taken address behaves like a fresh one all along", async () => {
  const owner = await world.newOwner("walk");
  const walks = [];
  for (const email of [newAddress("walk"), owner.email]) {
    const client = newClient();
    const signUp = await client.auth.signUpWithEmail(email, OTHER_PASSWORD, "Walker");
    const row = client.db.model("users").object(signUp.user._id);
    const steps = [
      signUp,
      await client.auth.signInWithEmail(email, OTHER_PASSWORD),
      await client.auth.signInWithEmail(email, "neither-the-one-nor-the-other"),
      await client.auth.resendVerificationEmail(email),
      await row.get(),
      await row.update({ name: "Runner" }),
    ];
    walks.push(steps.map((step) => world.masked(step, email)));
  }
  assert.deepEqual(walks[1], walks[0]);

  // One mail each, and the owner's tells of the attempt without a way in for the stranger.
  await world.getMail(owner.email, "account-exists");
  await world.noMail(owner.email, "verify");
  ok(await newClient().auth.signInWithEmail(owner.email, PASSWORD));
  const { user } = ok(await owner.client.auth.getUserFromDB());
  assert.equal(user._id, owner.id);
  assert.equal(user.name, "Ada");
});

test("a person's own data never breaks the server", async () => {
  const odd = ["a\u0000b", "\ud800", "x".repeat(10_000), "😀".repeat(20), " ", { name: null }, { name: {} }, 7, []];
  for (const nameOrUserData of odd) {
    const { errors } = await newClient().auth.signUpWithEmail(newAddress(), PASSWORD, nameOrUserData);
    assert.ok(errors === null || errors.status === 400, JSON.stringify(errors));
  }
});
