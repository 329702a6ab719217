import assert from "node:assert/strict";
import test, { before } from "node:test";
import * as world from "./world.mjs";
import { PASSWORD, newClient, newUser, ok, refused, refusedButSignedIn, signedIn } from "./world.mjs";

const NOBODY = "0123456789abcdef01234567";
const rowOf = (client, id) => client.db.model("users").object(id);

// Most cases leave the row as it was: they share one user, and a second one who looks on.
let ada;
let eve;
before(async () => {
  ada = await newUser();
  eve = await newUser({ name: "Eve" });
});
const adaNow = async () => ok(await ada.client.auth.getUserFromDB()).user;

/** The call is refused for this field, and the row is what it was. */
async function assertRefusedField(send, field) {
  const was = await adaNow();
  const items = refusedButSignedIn(ada.client, await send(rowOf(ada.client, ada.id)), 400);
  assert.ok(world.fieldsOf(items).includes(field), JSON.stringify(items));
  assert.deepEqual(await adaNow(), was);
}

// --- Reading -----------------------------------------------------------------------------------

test("a user reads the own row", async () => {
  const { data } = ok(await rowOf(ada.client, ada.id).get());
  assert.deepEqual(data, await adaNow());
  world.assertNoSecret(data);
});

test("options and lookups of get are taken", async () => {
  const row = rowOf(ada.client, ada.id);
  assert.equal(ok(await row.get({ cache: "1min" })).data._id, ada.id);
  assert.equal(ok(await row.get([], { cache: "nocache" })).data._id, ada.id);
});

test("other rows are null, as if they were not there", async () => {
  for (const id of [ada.id, NOBODY, "nonsense", "../users"])
    assert.deepEqual(await rowOf(eve.client, id).get(), { data: null, errors: null });
  for (const id of [ada.id, NOBODY])
    assert.deepEqual(await rowOf(newClient(), id).get(), { data: null, errors: null });
});

test("an unknown model is not found, for everyone and in every call", async () => {
  for (const client of [ada.client, newClient()])
    for (const send of [
      (row) => row.get(),
      (row) => row.update({ name: "X" }),
      (row) => row.updateFields({ field: "name", updateType: "set", value: "X" }),
    ])
      for (const model of ["no-such-model", "Users", "__proto__"])
        refused(await send(client.db.model(model).object(ada.id)), [400, 404], "model_not_found");
});

test("without an id a call is refused, never a fault", async () => {
  const row = rowOf(ada.client, undefined);
  for (const answer of [
    await row.get(),
    await row.update({ name: "X" }),
    await row.updateFields({ field: "name", updateType: "set", value: "X" }),
  ])
    refusedButSignedIn(ada.client, answer, 400);
});

// --- Writing -----------------------------------------------------------------------------------

test("a changed name survives, and the answer is the whole user", async () => {
  const { client, id, user } = await newUser();
  const { data } = ok(await rowOf(client, id).update({ name: "Ada Lovelace" }));
  assert.deepEqual({ ...data, updatedAt: 0 }, { ...user, name: "Ada Lovelace", updatedAt: 0 });
  world.assertNoSecret(data);
  assert.deepEqual(ok(await client.auth.getUserFromDB()).user, data);
});

test("a picture is a field of its own", async () => {
  const { client, id } = await newUser();
  const profilePicture = `${world.ENV_URL}/_storage/a/b/c`;
  const { data } = ok(await rowOf(client, id).update({ profilePicture }));
  assert.equal(data.profilePicture, profilePicture);
  assert.equal(data.name, "Ada");
});

test("the whole object may be copied back, with what the system put there", async () => {
  const { client, id, user } = await newUser();
  const createdAt = "2001-01-01T00:00:00.000Z";
  const values = { createdAt, updatedAt: createdAt, ...user, name: "Copied" };
  assert.equal(ok(await rowOf(client, id).update(values)).data.name, "Copied");
  const { data } = ok(await rowOf(client, id).update({ ...values, createdAt, updatedAt: createdAt }));
  for (const [field, value] of Object.entries(user))
    if (!["name", "updatedAt"].includes(field)) assert.deepEqual(data[field], value, field);
});

test("an object copied before the last sign-in may be copied back as well", async () => {
  const { client, email, id, user } = await newUser();
  await signedIn(email);
  const { data } = ok(await rowOf(client, id).update({ ...user, name: "Copied" }));
  assert.equal(data.name, "Copied");
  assert.ok(data.lastLoginAt > user.lastLoginAt);
});

const PROTECTED = {
  email: "someone-else@example.com",
  emailVerified: false,
  phone: "+15550100",
  phoneVerified: true,
  provider: "google",
  providerUserId: "1234",
  password: "taken-over-by-1-update",
  role: "admin",
  roles: ["admin"],
  accessGroupKeys: ["admin"],
};
const UNKNOWN = {
  favouriteColour: "red",
  Email: "someone-else@example.com",
  "email ": "someone-else@example.com",
  "user.email": "someone-else@example.com",
  $set: { email: "someone-else@example.com" },
  constructor: { prototype: 1 },
};
for (const [field, value] of Object.entries({ ...PROTECTED, ...UNKNOWN })) {
  test(`update refuses ${field} by name`, () =>
    assertRefusedField((row) => row.update({ name: "X", [field]: value }), field));

  test(`update-fields refuses ${field} by name`, () =>
    assertRefusedField((row) => {
      const name = { field: "name", updateType: "set", value: "X" };
      return row.updateFields([name, { field, updateType: "set", value }]);
    }, field));
}

const NOT_FOR_TEXT = ["increment", "decrement", "multiply", "min", "max", "push", "pull", "pop", "shift"];
for (const updateType of ["unset", ...NOT_FOR_TEXT])
  test(`${updateType} does not reach a protected field`, () =>
    assertRefusedField((row) => row.updateFields({ field: "email", updateType, value: 1 }), "email"));

for (const field of ["_id", "signUpAt", "lastLoginAt", "createdAt", "updatedAt"])
  test(`${field} never takes a value from outside`, async () => {
    const value = field === "_id" ? NOBODY : "2001-01-01T00:00:00.000Z";
    const row = rowOf(ada.client, ada.id);
    for (const answer of [
      await row.update({ [field]: value }),
      await row.updateFields({ field, updateType: "set", value }),
    ]) {
      if (answer.errors) assert.ok(world.fieldsOf(refused(answer, 400)).includes(field));
      assert.notEqual((await adaNow())[field], value);
    }
  });

test("a refused password change through the row leaves the password", async () => {
  await rowOf(ada.client, ada.id).update({ password: "taken-over-by-1-update" });
  refused(await newClient().auth.signInWithEmail(ada.email, "taken-over-by-1-update"), 401);
  await signedIn(ada.email, PASSWORD);
});

test("a name is a text of decent length", async () => {
  for (const value of [{ a: 1 }, ["Ada"], "x".repeat(100_000)])
    await assertRefusedField((row) => row.update({ name: value }), "name");
});

test("values that are no object are refused, never a fault", async () => {
  for (const values of [undefined, null, [], ["name"], "name", 7])
    refusedButSignedIn(ada.client, await rowOf(ada.client, ada.id).update(values), 400);
});

// --- Field updates -----------------------------------------------------------------------------

test("set and unset change one field, one or many at a time", async () => {
  const { client, id } = await newUser();
  const row = rowOf(client, id);
  const one = ok(await row.updateFields({ field: "name", updateType: "set", value: "Grace" })).data;
  assert.equal(one.name, "Grace");
  const many = ok(
    await row.updateFields([
      { field: "name", updateType: "unset", value: null },
      { field: "profilePicture", updateType: "set", value: "https://example.com/grace.png" },
    ]),
  ).data;
  assert.ok(!("name" in many));
  assert.equal(many.profilePicture, "https://example.com/grace.png");
  assert.equal(many.email, one.email);
  assert.deepEqual(ok(await client.auth.getUserFromDB()).user, many);
});

for (const updateType of NOT_FOR_TEXT)
  test(`${updateType} does not fit a text`, async () => {
    const was = await adaNow();
    const update = { field: "name", updateType, value: 1 };
    refusedButSignedIn(ada.client, await rowOf(ada.client, ada.id).updateFields(update), 400);
    assert.deepEqual(await adaNow(), was);
  });

test("an unknown update type is an invalid instruction, and nothing of the call counts", async () => {
  const was = await adaNow();
  for (const updateType of ["explode", "", null, undefined, "SET", "__proto__"]) {
    const updates = [
      { field: "name", updateType: "set", value: "X" },
      { field: "name", updateType, value: "Y" },
    ];
    const answer = await rowOf(ada.client, ada.id).updateFields(updates);
    refusedButSignedIn(ada.client, answer, 400, "invalid_update_instruction");
  }
  assert.deepEqual(await adaNow(), was);
});

test("malformed instructions are refused, never a fault", async () => {
  const halves = [{}, { updateType: "set", value: "X" }, { field: 7, updateType: "set" }];
  for (const update of [undefined, null, "name", 7, [null], ...halves])
    refusedButSignedIn(ada.client, await rowOf(ada.client, ada.id).updateFields(update), 400);
});

// --- Whose row ---------------------------------------------------------------------------------

test("another user's row cannot be told from one that is not there", async () => {
  const answers = [];
  for (const id of [ada.id, NOBODY]) {
    const row = rowOf(eve.client, id);
    for (const answer of [
      await row.update({ name: "Owned" }),
      await row.updateFields({ field: "name", updateType: "set", value: "Owned" }),
      await row.update({ email: "owned@example.com" }),
    ]) {
      refusedButSignedIn(eve.client, answer, [400, 403, 404]);
      answers.push(world.masked(answer));
    }
  }
  assert.deepEqual(answers.slice(3), answers.slice(0, 3));
  refused(await rowOf(eve.client, ada.id).update({ name: "Owned" }), [403, 404]);
  assert.equal((await adaNow()).name, "Ada");
});

test("the id in the values does not choose the row", async () => {
  const { data } = await rowOf(eve.client, eve.id).update({ _id: ada.id, userId: eve.id, name: "Eve" });
  if (data) assert.equal(data._id, eve.id);
  assert.equal((await adaNow()).name, "Ada");
});

test("writing needs a session", async () => {
  const update = { field: "name", updateType: "set", value: "X" };
  refused(await rowOf(newClient(), ada.id).update({ name: "X" }), 401, "missing_session_token");
  refused(await rowOf(newClient(), ada.id).updateFields(update), 401, "missing_session_token");
  for (const send of [(row) => row.update({ name: "X" }), (row) => row.updateFields(update)]) {
    const client = newClient();
    client.auth.setSession({ token: "long-forgotten" });
    refused(await send(rowOf(client, ada.id)), 401, "invalid_session_token");
  }
  assert.equal((await adaNow()).name, "Ada");
});
