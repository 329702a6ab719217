// Whatever goes wrong, the answer is JSON in the protocol's shape: on anything else the client's promise
// never settles, and node ends the process.
import assert from "node:assert/strict";
import test from "node:test";
import * as world from "./world.mjs";
import { AUTH, PASSWORD, newAddress, newClient, newUser, ok, refused, refusedButSignedIn } from "./world.mjs";

// A route that always fails, there when the server was started with VESTIBULE_DEV_FAULT=1.
const FAULT_PATH = "/_api/rest/v1/dev-fault";
const MEGABYTE = 1_000_000;

test("an unknown route", async () => {
  const { client } = await newUser();
  const paths = ["/", "/no/such", "/_api", "/_api/rest/v1/no-such", "/_api/rest/v2/auth/user"];
  for (const path of [...paths, `${AUTH}/signin-email/`])
    for (const answer of [
      await client.endpoint.get(path),
      await client.endpoint.post(path, { a: 1 }),
      await client.endpoint.put(path),
      await client.endpoint.delete(path, { a: 1 }),
    ])
      refusedButSignedIn(client, answer, 404, "resource_not_found");
});

test("a path that is no path", async () => {
  for (const path of ["/%zz", "/%00", "/%ff%fe", "/a//b", "/..%2f..%2fetc/passwd", "/_api/../x"])
    refused(await newClient().endpoint.get(path), [400, 404]);
});

test("an unknown method on a known route", async () => {
  const { client } = await newUser();
  for (const answer of [
    await client.endpoint.get(`${AUTH}/signin-email`),
    await client.endpoint.put(`${AUTH}/signin-email`, { a: 1 }),
    await client.endpoint.delete(`${AUTH}/signin-email`),
    await client.endpoint.post(`${AUTH}/user`, { a: 1 }),
    await client.endpoint.delete(`${AUTH}/sessions`, { a: 1 }),
    await client.endpoint.get("/_api/rest/v1/db/object/get"),
    await client.endpoint.put("/_api/rest/v1/storage/bucket/upload-object"),
  ])
    refusedButSignedIn(client, answer, 405);

  const answer = await world.call(`${AUTH}/signin-email`, { method: "PATCH", body: {} });
  assert.equal(answer.status, 405);
  assert.match(answer.headers.get("allow"), /\bPOST\b/);
  assert.ok(answer.json().errors[0].code);
});

test("a body that is too large", async () => {
  const big = "x".repeat(3 * MEGABYTE);
  const { client, id } = await newUser();
  for (const answer of [
    await client.auth.signUpWithEmail(newAddress(), PASSWORD, big),
    await client.auth.signInWithEmail(newAddress(), big),
    await client.db.model("users").object(id).update({ name: big }),
  ])
    refusedButSignedIn(client, answer, 413, "request_body_size_too_large");
});

test("a file that is too large", async () => {
  const { client } = await newUser();
  const answer = await client.storage.bucket("root").upload("big.txt", "x".repeat(48 * MEGABYTE));
  refusedButSignedIn(client, answer, 413, "request_body_size_too_large");
  assert.equal(ok(await client.storage.bucket("root").file("big.txt").exists()).data, false);
});

test("a fault of the server", async () => {
  const { client } = await newUser();
  for (const path of [FAULT_PATH, `${FAULT_PATH}?x=1`]) {
    const answer = await client.endpoint.get(path);
    const [item] = refusedButSignedIn(client, answer, 500, "internal_server_error");
    assert.equal(item.origin, "server_error");
    assert.doesNotMatch(JSON.stringify(answer), /traceback|exception|\.py\b|\\n/i);
  }
});

test("a body that is no object", async () => {
  for (const path of [`${AUTH}/signin-email`, `${AUTH}/signup-email`, "/_api/rest/v1/db/object/get"])
    for (const body of [[1], "text", 7, true]) refused(await newClient().endpoint.post(path, body), [400, 401]);
});

test("a body that is no JSON", async () => {
  const path = `${AUTH}/signin-email`;
  for (const body of ["{", "nonsense", '{"email": NaN}', "[".repeat(20_000), '{"a":"\\ud800"}', "\u0000"]) {
    const answer = await world.call(path, { body });
    assert.ok([400, 401].includes(answer.status), `${body.slice(0, 9)}: ${answer.text}`);
    assert.ok(answer.json().errors[0].message);
  }
  const answer = await world.call(path, { body: "email=a", headers: { "Content-Type": "text/csv" } });
  assert.ok([400, 401, 415].includes(answer.status), answer.text);
  assert.ok(answer.json().errors[0].message);
});

test("an empty body is an empty object", async () => {
  const fields = world.fieldsOf(refused(await newClient().endpoint.post(`${AUTH}/signup-email`), 400));
  assert.deepEqual(fields.sort(), ["email", "password"]);
});

test("a wrong client key, everywhere, without an effect on the session", async () => {
  const { session } = await newUser();
  for (const key of ["nonsense", `${world.CLIENT_KEY}x`, world.CLIENT_KEY.slice(0, -1)]) {
    const client = newClient(world.ENV_URL, key);
    client.auth.setSession(session);
    for (const answer of [
      await client.auth.signUpWithEmail(newAddress(), PASSWORD, "Ada"),
      await client.auth.signInWithEmail(newAddress(), PASSWORD),
      await client.auth.getAuthGrant("nonsense"),
      await client.auth.getUserFromDB(),
      await client.auth.sendResetPwdEmail(newAddress()),
      await client.db.model("users").object(session.userId).get(),
      await client.storage.bucket("root").upload("x", "x"),
    ])
      refusedButSignedIn(client, answer, 401, "invalid_client_key");
  }
});

test("no client key", async () => {
  const answer = await fetch(`${world.ENV_URL}${AUTH}/user`);
  assert.equal(answer.status, 401);
  assert.equal((await answer.json()).errors[0].code, "invalid_client_key");
});

test("a key of one app in the path of another", async () => {
  for (const envId of ["0123456789abcdef01234567", "nonsense"]) {
    const client = newClient(`${world.ORIGIN}/e:${envId}`);
    refused(await client.auth.signUpWithEmail(newAddress(), PASSWORD, "Ada"), [400, 401, 403, 404]);
    refused(await client.endpoint.get("/no/such"), [400, 401, 403, 404]);
  }
});
