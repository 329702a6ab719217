import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test, { before } from "node:test";
import { crc32, deflateSync } from "node:zlib";
import * as world from "./world.mjs";
import { newUser, ok } from "./world.mjs";

let ada;
before(async () => {
  ada = await newUser();
});

async function publish(body, contentType, name = randomBytes(6).toString("hex")) {
  const answer = await ada.client.storage.bucket("root").upload(name, body, { contentType });
  if (answer.errors) return { errors: answer.errors };
  const served = await fetch(answer.data.publicPath);
  return { file: answer.data, served, body: Buffer.from(await served.arrayBuffer()) };
}

/** What holds for every public file, whatever it is. */
function assertHarmless({ headers, status }) {
  assert.equal(status, 200);
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.match(headers.get("content-security-policy"), /(^|;)\s*sandbox\s*(;|$)/);
  assert.equal(headers.get("set-cookie"), null);
}

const isAttachment = (served) => /^attachment\b/i.test(served.headers.get("content-disposition") ?? "");

function png(size = 8) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2], 8); // eight bits a channel, red green blue
  const rows = Buffer.alloc(size * (1 + 3 * size), 90);
  for (let row = 0; row < size; row++) rows[row * (1 + 3 * size)] = 0; // no filter
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

test("an avatar is shown from its public path, without any header", async () => {
  const { file, served, body } = await publish(png(), "image/png", `user_${ada.id}`);
  assertHarmless(served);
  assert.equal(served.headers.get("content-type"), "image/png");
  assert.ok(!isAttachment(served));
  assert.equal(body.subarray(1, 4).toString(), "PNG");

  const row = ada.client.db.model("users").object(ada.id);
  const { data } = ok(await row.update({ profilePicture: file.publicPath }));
  assert.equal(data.profilePicture, file.publicPath);
});

test("the public path lies under this app and cannot be guessed", async () => {
  const [first, second] = [await publish("a", "text/plain"), await publish("b", "text/plain")];
  const paths = [first, second].map(({ file }) => new URL(file.publicPath));
  for (const url of paths) {
    assert.ok(url.href.startsWith(`${world.ORIGIN}/`), url.href);
    assert.ok(url.pathname.includes(world.APP_ID), url.href);
  }
  const [last, other] = paths.map(({ pathname }) => pathname.split("/").at(-1));
  // An id that carries the time would agree with its neighbour in half of its letters.
  const different = [...last].filter((letter, index) => letter !== other[index]).length;
  assert.ok(different >= 17, `${last} and ${other} are too much alike`);
});

for (const [contentType, body] of [
  ["text/html", "<script>alert(1)</script>"],
  ["image/svg+xml", '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'],
  ["application/xhtml+xml", '<html xmlns="http://www.w3.org/1999/xhtml"><body/></html>'],
  ["application/xml", "<?xml version='1.0'?><a/>"],
  ["application/pdf", "%PDF-1.4"],
  ["application/javascript", "alert(1)"],
  ["application/octet-stream", "anything"],
])
  test(`${contentType} is only ever saved`, async () => {
    const { served, body: bytes } = await publish(Buffer.from(body), contentType);
    assertHarmless(served);
    assert.ok(isAttachment(served), served.headers.get("content-disposition"));
    assert.equal(bytes.toString(), body);
  });

const DISGUISES = ["image/png", "IMAGE/PNG; charset=x", "image/png\r\nX-Injected: 1", "image/svg+xml;image/png"];
for (const contentType of DISGUISES)
  test(`a page that calls itself ${JSON.stringify(contentType)} does not run`, async () => {
    const { errors, served } = await publish(Buffer.from("<script>alert(1)</script>"), contentType);
    if (errors) {
      assert.ok([400, 415].includes(errors.status), JSON.stringify(errors));
      return;
    }
    assertHarmless(served);
    assert.equal(served.headers.get("x-injected"), null);
    assert.ok(isAttachment(served) || /^image\/png$/.test(served.headers.get("content-type")));
  });

test("the saved name is the file's name, whatever it holds", async () => {
  const name = `${randomBytes(4).toString("hex")} "näh".html`;
  const { file, served } = await publish("x", "text/html", name);
  assertHarmless(served);
  const disposition = served.headers.get("content-disposition");
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition);
  assert.ok(encoded, disposition);
  assert.equal(decodeURIComponent(encoded[1]), file.fileName);
});

test("a path that leads nowhere is 404", async () => {
  const { file } = await publish("x", "text/plain");
  for (const path of [file.publicPath.slice(0, -1), `${file.publicPath}x`, `${file.publicPath}/..%2f`])
    assert.equal((await fetch(path)).status, 404, path);
});
