import assert from "node:assert/strict";
import test from "node:test";
import * as world from "./world.mjs";
import { AUTH, ENV_URL, ORIGIN, PASSWORD, call, newAddress, newClient, newUser, ok } from "./world.mjs";

const APP = "http://localhost:3000";
const FAULT_PATH = "/_api/rest/v1/dev-fault";

// --- Two mounts --------------------------------------------------------------------------------

for (const [name, base] of [
  ["the root", ORIGIN],
  ["the environment", ENV_URL],
  ["a trailing slash", `${ENV_URL}/`],
])
  test(`the whole surface under ${name}`, async () => {
    const { client, id, email } = await newUser({ client: newClient(base) });
    ok(await client.auth.signInWithEmail(email, PASSWORD));
    assert.equal(ok(await client.auth.getAllSessions()).sessions.length, 2);
    assert.equal(ok(await client.auth.getUserFromDB()).user._id, id);
    assert.equal(ok(await client.db.model("users").object(id).update({ name: "Grace" })).data.name, "Grace");
    const { data: file } = ok(await client.storage.bucket("root").upload(`file-${id}`, "hello"));
    assert.equal(await (await fetch(file.publicPath)).text(), "hello");
    ok(await client.auth.sendMagicLinkEmail(email));
    const link = world.linkOf(await world.getMail(email, "magic-link"));
    assert.ok(link.startsWith(`${ENV_URL}/`), "every address we hand out carries the environment");
    ok(await client.auth.signOutAll());
    world.refused(await client.endpoint.get("/no/such"), 404, "resource_not_found");
  });

test("both mounts know the same sessions", async () => {
  const { session, id } = await newUser({ client: newClient(ORIGIN) });
  const client = newClient(ENV_URL);
  client.auth.setSession(session);
  assert.equal(ok(await client.auth.getUserFromDB()).user._id, id);
});

// --- CORS --------------------------------------------------------------------------------------

function assertReadable(headers, origin = APP) {
  assert.equal(headers.get("access-control-allow-origin"), origin);
  assert.equal(headers.get("access-control-allow-credentials"), "true");
  assert.match(headers.get("vary") ?? "", /\borigin\b/i);
}
const listOf = (headers, name) => (headers.get(name) ?? "").toLowerCase().split(/\s*,\s*/);

for (const base of [ORIGIN, ENV_URL])
  for (const path of [`${AUTH}/signin-email`, `${AUTH}/user`, "/_api/rest/v1/db/object/get", "/an/endpoint"])
    test(`a preflight of ${base === ORIGIN ? "" : "/e:…"}${path}`, async () => {
      const asked = ["content-type", "x-client", "x-client-key", "session", "authorization", "x-of-the-app"];
      const answer = await fetch(base + path, {
        method: "OPTIONS",
        headers: {
          Origin: APP,
          "Access-Control-Request-Method": "POST",
          "Access-Control-Request-Headers": asked.join(","),
        },
      });
      assert.ok(answer.ok, String(answer.status));
      assertReadable(answer.headers);
      for (const method of ["get", "post", "put", "delete"])
        assert.ok(listOf(answer.headers, "access-control-allow-methods").includes(method), method);
      for (const name of asked)
        assert.ok(listOf(answer.headers, "access-control-allow-headers").includes(name), name);
      assert.ok(Number(answer.headers.get("access-control-max-age")) > 0);
      assert.equal(answer.headers.get("set-cookie"), null);
    });

test("every answer can be read by the page that asked, whatever its status", async () => {
  const { email, session } = await newUser();
  const { token } = session;
  for (const [status, path, options] of [
    [200, `${AUTH}/signin-email`, { body: { email, password: PASSWORD } }],
    [200, `${AUTH}/user`, { method: "GET", session: token }],
    [400, `${AUTH}/signup-email`, { body: {} }],
    [401, `${AUTH}/signin-email`, { body: { email, password: "not-the-right-one-1" } }],
    [401, `${AUTH}/user`, { method: "GET" }],
    [401, `${AUTH}/user`, { method: "GET", headers: { "X-Client-Key": "nonsense" } }],
    [404, "/no/such", { method: "GET" }],
    [405, `${AUTH}/user`, { method: "DELETE" }],
    [413, `${AUTH}/signup-email`, { body: { email, password: "x".repeat(3_000_000) } }],
    [500, FAULT_PATH, { method: "GET" }],
  ])
    for (const origin of [APP, "https://app.example.com"]) {
      const answer = await call(path, { ...options, headers: { Origin: origin, ...options.headers } });
      assert.equal(answer.status, status, `${path}: ${answer.text}`);
      assertReadable(answer.headers, origin);
    }
});

test("without an origin no origin is allowed", async () => {
  const answer = await call(`${AUTH}/user`, { method: "GET" });
  assert.equal(answer.headers.get("access-control-allow-origin"), null);
  assert.match(answer.headers.get("vary") ?? "", /\borigin\b/i);
});

// --- Cookies -----------------------------------------------------------------------------------

test("a cookie changes no answer, and none is set", async () => {
  const { email, session, id } = await newUser();
  const { token } = session;
  const tag = token.split("_").at(-2) ?? world.APP_ID;
  const names = ["session_token", "session", "Session", `__Host-vb_${tag}`, `__Host-vb_${world.APP_ID}`, "vb"];
  const Cookie = names.map((name) => `${name}=${token}`).join("; ");
  const row = { model: "users", id };

  for (const [path, options] of [
    [`${AUTH}/user`, { method: "GET" }],
    [`${AUTH}/user`, { method: "GET", session: token }],
    [`${AUTH}/user`, { method: "GET", session: "long-forgotten" }],
    [`${AUTH}/sessions`, { method: "GET" }],
    [`${AUTH}/signout`, { body: {} }],
    [`${AUTH}/signout-all`, {}],
    [`${AUTH}/change-pwd`, { body: { newPassword: world.OTHER_PASSWORD, oldPassword: PASSWORD } }],
    [`${AUTH}/signin-email`, { body: { email, password: "not-the-right-one-1" } }],
    [`${AUTH}/grant?key=nonsense`, { method: "GET" }],
    [`${AUTH}/signup-email`, { body: {} }],
    ["/_api/rest/v1/db/object/get", { body: row }],
    ["/_api/rest/v1/db/object/update", { body: { ...row, values: { name: "X" } } }],
    ["/_api/rest/v1/storage/bucket/upload-object?bucket=root&fileName=x&options={}", { body: '"x"' }],
    ["/no/such", { method: "GET" }],
  ]) {
    const plain = await call(path, options);
    const cookied = await call(path, { ...options, headers: { Cookie } });
    const seen = ({ status, headers, text }) => ({ status, headers: [...headers.keys()], text });
    assert.deepEqual(seen(cookied), seen(plain), path);
  }
  assert.equal((await call(`${AUTH}/user`, { method: "GET", session: token })).status, 200);
});

test("signing up, in and out sets no cookie", async () => {
  const email = newAddress();
  const body = { email, password: PASSWORD, nameOrUserData: "Ada" };
  assert.equal((await call(`${AUTH}/signup-email`, { body })).status, 200);
  const key = await world.accessToken(email, "verify");
  const grant = await call(`${AUTH}/grant?key=${key}`, { method: "GET" });
  assert.equal(grant.status, 200);
  assert.equal((await call(`${AUTH}/signin-email`, { body })).status, 200);
  const { token } = grant.json().session;
  assert.equal((await call(`${AUTH}/signout`, { body: {}, session: token })).status, 200);
  assert.equal((await call(`${AUTH}/user`, { method: "GET", session: token })).status, 401);
});

// --- Answers -----------------------------------------------------------------------------------

test("answers with personal data are not kept by caches", async () => {
  const { email, session } = await newUser();
  for (const answer of [
    await call(`${AUTH}/user`, { method: "GET", session: session.token }),
    await call(`${AUTH}/sessions`, { method: "GET", session: session.token }),
    await call(`${AUTH}/signin-email`, { body: { email, password: PASSWORD } }),
  ]) {
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("cache-control") ?? "", /no-store/);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
    assert.match(answer.headers.get("content-type"), /^application\/json/);
  }
});

test("every call that succeeds answers 200", async () => {
  const { email, session, id } = await newUser();
  const { token } = session;
  const row = { model: "users", id };
  for (const [path, options] of [
    [`${AUTH}/resend?email=${newAddress()}`, {}],
    [`${AUTH}/send-magic?email=${email}`, {}],
    [`${AUTH}/send-reset?email=${email}`, {}],
    [`${AUTH}/change-pwd`, { body: { newPassword: world.OTHER_PASSWORD, oldPassword: PASSWORD }, session: token }],
    ["/_api/rest/v1/db/object/get", { body: row, session: token }],
    ["/_api/rest/v1/db/object/get", { body: row }],
    ["/_api/rest/v1/storage/bucket/file/exists", { body: { bucket: "root", file: "none" }, session: token }],
    [`${AUTH}/signout-all-except`, { session: token }],
    [`${AUTH}/signout`, { session: token }],
  ]) {
    const answer = await call(path, options);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    if (answer.text) assert.doesNotThrow(answer.json);
  }
});
