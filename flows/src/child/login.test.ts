import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { describe, it } from "node:test";
import { hashPassword } from "@meanet/runtime/password";
import { webLogin } from "./login.ts";

const login = { username: "anna", password: await hashPassword("a:b ü") };
const web = webLogin(login, "secret");

function basic(username: string, password: string): IncomingHttpHeaders {
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

/** Why a socket of the dashboard is refused; undefined when it is let in. */
function refusal(headers: IncomingHttpHeaders, by = web): Promise<string | undefined> {
  return new Promise((resolve) => {
    void by.socket({ handshake: { headers } }, (error) => resolve(error?.message));
  });
}

describe("login of dashboard and pages", () => {
  it("lets a socket in by password, whatever characters it has, and no other", async () => {
    assert.equal(await refusal(basic("anna", "a:b ü")), undefined);
    for (const headers of [
      {},
      basic("anna", "a"),
      basic("otto", "a:b ü"),
      basic("", ""),
      { authorization: "Basic" },
      { authorization: "Bearer x" },
    ]) {
      assert.equal(await refusal(headers), "login required", JSON.stringify(headers));
    }
  });

  it("lets it in by the cookie that a page was given, until secret or password change", async () => {
    const cookie = await cookieOf(basic("anna", "a:b ü"));
    assert.equal(await refusal({ cookie: `other=1; ${cookie}` }), undefined);
    assert.equal(await refusal({ cookie }, webLogin(login, "another")), "login required");
    const changed = { ...login, password: await hashPassword("new") };
    assert.equal(await refusal({ cookie }, webLogin(changed, "secret")), "login required");
  });

  it("takes no cookie that is forged or past its time", async () => {
    const [name = "", value = ""] = (await cookieOf(basic("anna", "a:b ü"))).split("=");
    const [expires, signature] = value.split(".");
    for (const forged of [
      ...[`${Number(expires) + 1}.${signature}`, `${expires}.`, `${expires}`, ""],
      ...[`.${signature}`, `NaN.${signature}`, `1.${signature}`],
    ]) {
      assert.equal(await refusal({ cookie: `${name}=${forged}` }), "login required", forged);
    }
  });
});

/** What a page's first answer sets. */
async function cookieOf(headers: IncomingHttpHeaders): Promise<string> {
  let cookie = "";
  const request = { headers } as Parameters<typeof web.middleware>[0];
  const response = {
    appendHeader: (_name: string, value: string) => {
      cookie = value;
    },
  } as unknown as Parameters<typeof web.middleware>[1];
  await web.middleware(request, response, () => undefined);
  assert.match(cookie, /; HttpOnly; SameSite=Strict$/);
  return cookie.split(";")[0]!;
}
