import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test, { before } from "node:test";
import * as world from "./world.mjs";
import { newClient, newUser, ok, refused, refusedButSignedIn } from "./world.mjs";

const BYTES = { contentType: "application/octet-stream" };
const newName = (suffix = ".bin") => `note-${randomBytes(6).toString("hex")}${suffix}`;
const rootOf = (client) => client.storage.bucket("root");

let ada;
let eve;
before(async () => {
  ada = await newUser();
  eve = await newUser({ name: "Eve" });
});

/** Upload as Ada and read it back. */
async function roundTrip(body, options, name = newName()) {
  const { data: file } = ok(await rootOf(ada.client).upload(name, body, options));
  const { data: blob } = ok(await rootOf(ada.client).file(name).download());
  return { file, blob, bytes: Buffer.from(await blob.arrayBuffer()) };
}

// --- Uploading and reading back ----------------------------------------------------------------

for (const [size, text] of [
  ["700 B", "näh ☂ ".repeat(70)],
  ["70 kB", "abcdefg".repeat(10_000)],
  ["5 MB", "0123456789".repeat(500_000)],
])
  test(`a text of ${size}`, async () => {
    const name = newName(".txt");
    const { file, blob, bytes } = await roundTrip(text, undefined, name);
    assert.equal(bytes.toString("utf8"), text);
    assert.match(blob.type, /^text\/plain/);
    assert.equal(file.size, Buffer.byteLength(text));
    assert.match(file._id, world.ID);
    assert.match(file.bucketId, world.ID);
    assert.equal(file.fileName, name);
    assert.equal(file.isPublic, true);
    assert.match(file.mimeType, /^text\/plain/);
    assert.equal(typeof file.encoding, "string");
    assert.match(file.uploadedAt, world.INSTANT);
    assert.match(file.updatedAt, world.INSTANT);
    assert.equal(file.userId, ada.id);
    assert.deepEqual(file.tags, []);
    assert.ok(new URL(file.publicPath).pathname.includes("/_storage/"), file.publicPath);
  });

for (const size of [700, 70_000, 5_000_000])
  test(`a Buffer of ${size} bytes`, async () => {
    const body = randomBytes(size);
    const { file, bytes } = await roundTrip(body, BYTES);
    assert.ok(bytes.equals(body));
    assert.equal(file.size, size);
    assert.match(file.mimeType, /^application\/octet-stream/);
  });

test("a Uint8Array", async () => {
  const body = new Uint8Array(randomBytes(700));
  const { file, bytes } = await roundTrip(body, BYTES);
  assert.ok(bytes.equals(Buffer.from(body)));
  assert.equal(file.size, 700);
});

test("an object and a list are their JSON", async () => {
  for (const body of [{ name: "näh", list: [1, null, { deep: true }] }, [1, "two"], { type: "Buffer", data: "no" }]) {
    const { bytes } = await roundTrip(body, { contentType: "application/json" });
    assert.deepEqual(JSON.parse(bytes.toString("utf8")), body);
  }
});

test("an object that looks like bytes but is JSON stays an object", async () => {
  const body = { 0: 104, 1: 105 };
  const { bytes } = await roundTrip(body, { contentType: "application/json" });
  assert.deepEqual(JSON.parse(bytes.toString("utf8")), body);
});

test("an empty text is an empty file", async () => {
  const { file, bytes } = await roundTrip("");
  assert.equal(bytes.length, 0);
  assert.equal(file.size, 0);
});

test("tags and privacy are options", async () => {
  const { file } = await roundTrip("x", { isPublic: false, tags: ["a", "b"] });
  assert.equal(file.isPublic, false);
  assert.deepEqual(file.tags, ["a", "b"]);
});

test("form data in node is refused with the cause, and nothing is stored", async () => {
  const form = new FormData();
  form.append("file", new Blob(["hello"]));
  for (const body of [new Blob(["hello"]), new File(["hello"], "hello.txt"), form]) {
    const name = newName();
    const answer = await rootOf(ada.client).upload(name, body);
    const [item] = refusedButSignedIn(ada.client, answer, 400, "file_upload_error");
    assert.match(item.message, /form.?data/i);
    assert.equal(ok(await rootOf(ada.client).file(name).exists()).data, false);
  }
});

/** What a browser sends for a File: node's own fetch does it, the client in node does not. */
function uploadForm(name, headers) {
  const form = new FormData();
  form.append("file", new Blob(["hello"], { type: "text/csv" }), "blob");
  const query = new URLSearchParams({ bucket: "root", fileName: name, options: "{}" });
  return fetch(`${world.ENV_URL}/_api/rest/v1/storage/bucket/upload-formdata?${query}`, {
    method: "POST",
    headers: { "X-Client-Key": world.CLIENT_KEY, ...headers },
    body: form,
  });
}

test("a multipart form as a browser sends it", async () => {
  const name = `user_${ada.id}`;
  const answer = await uploadForm(name, { Session: ada.session.token });
  assert.equal(answer.status, 200);
  const file = await answer.json();
  assert.match(file.fileName, new RegExp(`^${name}`));
  assert.match(file.mimeType, /^text\/csv/);
  assert.equal(file.size, 5);
});

// --- The file ----------------------------------------------------------------------------------

test("exists, get and delete, by name and by id", async () => {
  const name = newName();
  const { file } = await roundTrip("hello", undefined, name);
  const root = rootOf(ada.client);
  for (const key of [name, file._id]) {
    assert.equal(ok(await root.file(key).exists()).data, true);
    assert.deepEqual(ok(await root.file(key).getInfo()).data, file);
  }
  ok(await root.file(file._id).delete());
  assert.equal(ok(await root.file(name).exists()).data, false);
  assert.equal(ok(await root.file(file._id).exists()).data, false);
  assert.equal((await fetch(file.publicPath)).status, 404);
});

test("what is not there is refused, and exists says false", async () => {
  const missing = rootOf(ada.client).file(newName());
  assert.equal(ok(await missing.exists()).data, false);
  for (const answer of [await missing.getInfo(), await missing.download(), await missing.delete()])
    refusedButSignedIn(ada.client, answer, [400, 404], "file_not_found");
});

test("an equal name gets a suffix and the old file stays", async () => {
  const name = newName(".txt");
  const { file: first } = await roundTrip("first", undefined, name);
  const { data: second } = ok(await rootOf(ada.client).upload(name, "second"));
  const { data: third } = ok(await rootOf(eve.client).upload(name, "third"));
  assert.equal(new Set([first, second, third].map(({ fileName }) => fileName)).size, 3);
  assert.equal(new Set([first, second, third].map(({ _id }) => _id)).size, 3);
  assert.equal(first.fileName, name);
  for (const [file, text] of [[first, "first"], [second, "second"]]) {
    const { data: blob } = ok(await rootOf(ada.client).file(file.fileName).download());
    assert.equal(await blob.text(), text);
  }
});

test("equal names at once stay apart", async () => {
  const name = newName();
  const uploads = await Promise.all(["a", "b", "c", "d"].map((text) => rootOf(ada.client).upload(name, text)));
  assert.equal(new Set(uploads.map((upload) => ok(upload).data.fileName)).size, 4);
});

test("an unknown bucket is refused", async () => {
  const bucket = ada.client.storage.bucket("no-such-bucket");
  refusedButSignedIn(ada.client, await bucket.upload(newName(), "x"), [400, 404], "bucket_not_found");
  refusedButSignedIn(ada.client, await bucket.file("x").getInfo(), [400, 404]);
});

test("names cannot leave the bucket or break a header", async () => {
  const odd = ["../../../etc/passwd", "a/b", "..", 'quo"te', "line\r\nX-Injected: 1", "nul\u0000", "näh☂"];
  for (const name of odd) {
    const answer = await rootOf(ada.client).upload(name, "harmless");
    if (answer.errors) {
      refusedButSignedIn(ada.client, answer, 400);
      continue;
    }
    const served = await fetch(answer.data.publicPath);
    assert.equal(served.status, 200, name);
    assert.equal(await served.text(), "harmless");
    assert.equal(served.headers.get("x-injected"), null);
  }
});

// --- Whose file --------------------------------------------------------------------------------

test("an upload needs a session", async () => {
  const name = newName();
  refused(await rootOf(newClient()).upload(name, "x"), 401, "missing_session_token");
  const client = newClient();
  client.auth.setSession({ token: "long-forgotten" });
  refused(await rootOf(client).upload(name, "x"), 401, "invalid_session_token");
  const form = await uploadForm(name, {});
  assert.equal(form.status, 401);
  assert.equal((await form.json()).errors[0].code, "missing_session_token");
  assert.equal(ok(await rootOf(ada.client).file(name).exists()).data, false);
});

test("only the owner deletes a file", async () => {
  const { file } = await roundTrip("mine");
  for (const key of [file._id, file.fileName]) {
    refusedButSignedIn(eve.client, await rootOf(eve.client).file(key).delete(), [403, 404]);
    refused(await rootOf(newClient()).file(key).delete(), [401, 403, 404]);
  }
  assert.equal(await (await fetch(file.publicPath)).text(), "mine");
  assert.equal(ok(await rootOf(ada.client).file(file._id).exists()).data, true);
});

test("a private file is its owner's alone", async () => {
  const { file, bytes } = await roundTrip("secret", { isPublic: false });
  assert.equal(bytes.toString(), "secret");
  assert.equal((await fetch(file.publicPath)).status, 404);
  for (const key of [file._id, file.fileName]) {
    const seenByEve = rootOf(eve.client).file(key);
    for (const answer of [await seenByEve.download(), await seenByEve.getInfo()])
      refusedButSignedIn(eve.client, answer, [403, 404]);
    const seenByNobody = rootOf(newClient()).file(key);
    for (const answer of [await seenByNobody.download(), await seenByNobody.getInfo()])
      refused(answer, [401, 403, 404]);
  }
});

test("a public file is everybody's to read", async () => {
  const { file } = await roundTrip("open");
  const { data: info } = ok(await rootOf(eve.client).file(file._id).getInfo());
  assert.equal(info.publicPath, file.publicPath);
  const { data: blob } = ok(await rootOf(eve.client).file(file._id).download());
  assert.equal(await blob.text(), "open");
});
