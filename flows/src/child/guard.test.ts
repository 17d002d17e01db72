import assert from "node:assert/strict";
import type { IncomingHttpHeaders } from "node:http";
import { describe, it } from "node:test";
import { guardSockets, type SocketMiddleware } from "./guard.ts";

/** Why a socket of the dashboard is refused; undefined when it is let in. */
function refusal(headers: IncomingHttpHeaders, login?: SocketMiddleware): Promise<string | undefined> {
  return new Promise((resolve) => {
    void guardSockets(login)({ handshake: { headers } }, (error) => resolve(error?.message));
  });
}

describe("guard of dashboard sockets", () => {
  it("lets in this server's own pages, and whoever is no page", async () => {
    for (const host of ["127.0.0.1:1880", "localhost:1880", "[::1]:1880"]) {
      assert.equal(await refusal({ host, origin: `http://${host}` }), undefined, host);
      assert.equal(await refusal({ host }), undefined, host);
    }
  });

  it("refuses pages of other hosts", async () => {
    for (const origin of ["http://evil.example", "http://127.0.0.1:8080", "null"])
      assert.equal(await refusal({ host: "127.0.0.1:1880", origin }), "wrong origin", origin);
  });

  it("without a login refuses a name that somebody made point to this machine", async () => {
    const host = "evil.example:1880";
    for (const headers of [{ host, origin: `http://${host}` }, { host }, {}])
      assert.equal(await refusal(headers), "wrong host", JSON.stringify(headers));
  });

  it("with a login answers to any name, and asks the login", async () => {
    const host = "wall.example:1880";
    const headers = { host, origin: `http://${host}` };
    assert.equal(await refusal(headers, (_, next) => next()), undefined);
    assert.equal(await refusal(headers, (_, next) => next(new Error("login required"))), "login required");
  });
});
