// What every test stands on: the running server, fresh clients with a storage, the inbox, mail links.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createClient } from "altogic";

const start = JSON.parse(process.env.VESTIBULE_START); // the line that `vestibule dev --json` prints

export const ENV_URL = start.env_url;
export const ORIGIN = new URL(ENV_URL).origin;
export const CLIENT_KEY = start.client_key;
export const APP_ID = start.app_id;
export const REDIRECT_URL = process.env.VESTIBULE_REDIRECT_URL;
export const COOLDOWN_MS = Number(process.env.VESTIBULE_COOLDOWN_MS); // between two sends of one kind

export const AUTH = "/_api/rest/v1/auth";
export const PASSWORD = "correct-horse-7-battery";
export const OTHER_PASSWORD = "staple-9-under-the-lamp";
export const ID = /^[0-9a-f]{24}$/;
export const URL_SAFE = /^[A-Za-z0-9_-]+$/;
export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const SESSION_CODES = ["invalid_session_token", "missing_session_token"];

/** A browser's localStorage, so that a client in node remembers what it would remember in a page. */
function memory() {
  const items = new Map();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

export const newClient = (envUrl = ENV_URL, key = CLIENT_KEY, options = {}) =>
  createClient(envUrl, key, { localStorage: memory(), ...options });

/** An address nobody has used: sends to one destination are a minute apart. */
export const newAddress = (name = "ada") => `${name}-${randomBytes(6).toString("hex")}@example.com`;

// --- Answers -----------------------------------------------------------------------------------

/** The call succeeded; returns its result. */
export function ok(result) {
  assert.equal(result.errors, null, JSON.stringify(result.errors));
  return result;
}

/** The call was refused in the protocol's shape, with one of these statuses and codes; returns its items. */
export function refused(result, statuses, codes) {
  const { errors } = result;
  assert.ok(errors, `expected a refusal, got ${JSON.stringify(result)}`);
  const shown = JSON.stringify(errors);
  assert.ok([statuses].flat().includes(errors.status), shown);
  assert.ok(errors.items.length > 0, shown);
  for (const item of errors.items) {
    assert.match(item.origin, /^(client|server)_error$/, shown);
    assert.ok(item.code && item.message, shown);
    if (codes) assert.ok([codes].flat().includes(item.code), shown);
  }
  // Apps use the message as the key of a list.
  assert.equal(new Set(errors.items.map((item) => item.message)).size, errors.items.length, shown);
  return errors.items;
}

/** Refused for another reason than the caller's session, so the client stays signed in. */
export function refusedButSignedIn(client, result, statuses, codes) {
  const items = refused(result, statuses, codes);
  for (const { code } of items) assert.ok(!SESSION_CODES.includes(code), code);
  assert.ok(client.auth.getSession(), "the client forgot its session");
  return items;
}

/** Nothing of a password, neither the text nor a trace of how it is kept. */
export function assertNoSecret(answer, ...secrets) {
  const text = JSON.stringify(answer);
  for (const secret of [PASSWORD, OTHER_PASSWORD, "$argon2", ...secrets]) assert.ok(!text.includes(secret), text);
  assert.doesNotMatch(text, /"[^"]*(password|hash|digest|secret)[^"]*":/i);
}

export const fieldsOf = (items) => items.map((item) => item.details?.field);

/** A value with every leaf replaced by its type: what two answers must have in common. */
export function shape(value) {
  if (Array.isArray(value)) return value.map(shape);
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shape(item)]));
}

/** An answer as text without what rightly differs: these values, and numbers. */
export function masked(answer, ...values) {
  const text = values.reduce((rest, value) => rest.replaceAll(value, "…"), JSON.stringify(answer));
  return text.replace(/[0-9a-f]{24}/g, "ID").replace(/\d+/g, "N");
}

/** A bare request, for what the client cannot send or does not show; no answer may set a cookie. */
export async function call(path, { method = "POST", body, headers = {}, session, base = ENV_URL } = {}) {
  const json = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
  const answer = await fetch(base + path, {
    method,
    redirect: "manual",
    body: json,
    headers: {
      "X-Client": "altogic-js",
      "X-Client-Key": CLIENT_KEY,
      ...(json === undefined ? {} : { "Content-Type": "application/json" }),
      ...(session ? { Session: session } : {}),
      ...headers,
    },
  });
  assert.equal(answer.headers.get("set-cookie"), null, `${method} ${path} sets a cookie`);
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, json: () => JSON.parse(text) };
}

// --- Mail --------------------------------------------------------------------------------------

/** The newest message of a kind to an address, waiting for it; null when none came in `wait` seconds. */
export async function findMail(to, kind, { wait = 10, after } = {}) {
  const inbox = new URL(start.inbox_url);
  const url = new URL("/dev/inbox/latest", inbox);
  const query = { token: inbox.searchParams.get("token"), to, kind, wait, ...(after ? { after } : {}) };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const answer = await fetch(url);
  if (answer.status === 408) return null;
  assert.equal(answer.status, 200, await answer.clone().text());
  return answer.json();
}

export async function getMail(to, kind, options) {
  const message = await findMail(to, kind, options);
  assert.ok(message, `no ${kind} mail came to ${to}`);
  return message;
}

export async function noMail(to, kind, after) {
  assert.equal(await findMail(to, kind, { wait: 1, after }), null, `a ${kind} mail came to ${to}`);
}

/** The link of a message that goes to the server. */
export function linkOf(message) {
  const link = message.links.find(({ url }) => new URL(url).pathname.endsWith(`${AUTH}/verify`));
  assert.ok(link, `no link in ${JSON.stringify(message.links)}`);
  return link.url;
}

const decoded = (text) =>
  text.replaceAll("&#39;", "'").replaceAll("&#34;", '"').replaceAll("&quot;", '"').replaceAll("&amp;", "&");
const attribute = (tag, name) => {
  const found = new RegExp(`\\s${name}\\s*=\\s*("[^"]*"|'[^']*'|[^\\s>]+)`, "i").exec(tag);
  return found && decoded(found[1].replace(/^["']|["']$/g, ""));
};

/** The POST forms of a page: where they go, and the hidden fields they send. */
export function formsOf(html, url) {
  return [...html.matchAll(/<form\b[^>]*>[\s\S]*?<\/form>/gi)]
    .map(([form]) => ({
      method: (attribute(form, "method") ?? "get").toLowerCase(),
      action: new URL(attribute(/<form\b[^>]*>/i.exec(form)[0], "action") || url, url).href,
      fields: [...form.matchAll(/<input\b[^>]*type=["']?hidden[^>]*>/gi)].map(([tag]) => [
        attribute(tag, "name"),
        attribute(tag, "value") ?? "",
      ]),
      buttons: [...form.matchAll(/<button\b|<input\b[^>]*type=["']?submit/gi)].length,
    }))
    .filter(({ method }) => method === "post");
}

export async function openLink(link, method = "GET") {
  const answer = await fetch(link, { method, redirect: "manual" });
  assert.equal(answer.headers.get("set-cookie"), null);
  return answer;
}

/** Press the button of a link page that was read before. */
export async function pressButton(link, html) {
  const [form] = formsOf(html, link);
  if (!form) return { status: 0, location: null, html };
  const answer = await fetch(form.action, {
    method: "POST",
    redirect: "manual",
    body: new URLSearchParams(form.fields),
  });
  assert.equal(answer.headers.get("set-cookie"), null);
  const location = answer.headers.get("location");
  return {
    status: answer.status,
    location: location && new URL(location, form.action),
    html: await answer.text(),
  };
}

/** Open a link and press its button, as a person does. */
export async function confirm(link) {
  return pressButton(link, await (await openLink(link)).text());
}

/** Follow a mail to the app: the access token it comes back with. */
export async function accessToken(to, kind, options) {
  const { status, location, html } = await confirm(linkOf(await getMail(to, kind, options)));
  assert.equal(status, 303, html);
  const token = location.searchParams.get("access_token");
  assert.match(token, URL_SAFE);
  return token;
}

// --- People ------------------------------------------------------------------------------------

/** A new user who signed up, confirmed the address and is signed in. */
export async function newUser({ name = "Ada", email = newAddress(), client = newClient() } = {}) {
  ok(await client.auth.signUpWithEmail(email, PASSWORD, name));
  const { user, session } = ok(await client.auth.getAuthGrant(await accessToken(email, "verify")));
  return { client, email, id: user._id, user, session };
}

/** The same user on one more device. */
export async function signedIn(email, password = PASSWORD) {
  const client = newClient();
  const { session } = ok(await client.auth.signInWithEmail(email, password));
  return { client, session };
}

/** Someone whose address never got a sign-up mail, so that no cooldown stands between it and the next. */
export async function newOwner(name) {
  const owner = await newUser();
  const email = newAddress(name);
  ok(await owner.client.auth.changeEmail(PASSWORD, email));
  const { status } = await confirm(linkOf(await getMail(email, "change-email")));
  assert.equal(status, 303);
  return { ...owner, email };
}

export const isAlive = async (client) => (await client.auth.getUserFromDB()).errors === null;
