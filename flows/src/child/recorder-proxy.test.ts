import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { recorderProxy } from "./recorder-proxy.ts";

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("way to the recorder", () => {
  it("hands on what keeps a picture from being taken for a page, and no cookie", async (t) => {
    const asked: (string | undefined)[] = [];
    const recorder = await listen(t, ({ url, headers }, response) => {
      asked.push(url, headers.cookie);
      response.writeHead(200, {
        ...{ "content-type": "image/png", "x-content-type-options": "nosniff", "meanet-frame": "frame-1" },
        ...{ "content-security-policy": "default-src 'none'; sandbox", "set-cookie": "a=b" },
      });
      response.end("picture");
    });
    const proxy = recorderProxy("/recorder", recorder, "hall");
    const pages = await listen(t, (request, response) => {
      response.setHeader("Content-Security-Policy", "default-src 'self'");
      void proxy(request, response, () => response.writeHead(404).end());
    });

    const answer = await fetch(`${pages}/recorder/thumbnail/cam-1?site=lab`, { headers: { cookie: "x=y" } });
    assert.equal(await answer.text(), "picture");
    assert.deepEqual(asked, ["/thumbnail/cam-1?site=lab", undefined]);
    const names = ["content-type", "x-content-type-options", "meanet-frame", "set-cookie"];
    assert.deepEqual(
      names.map((name) => answer.headers.get(name)),
      ["image/png", "nosniff", "frame-1", null],
    );
    assert.equal(answer.headers.get("content-security-policy"), "default-src 'none'; sandbox");
  });

  it("asks for its own site where a page names none", async (t) => {
    const asked: (string | undefined)[] = [];
    const recorder = await listen(t, ({ url }, response) => {
      asked.push(url);
      response.end();
    });
    const proxy = recorderProxy("/recorder", recorder, "hall");
    const pages = await listen(t, (request, response) => {
      void proxy(request, response, () => response.writeHead(404).end());
    });
    for (const path of ["thumbnails", "thumbnails?limit=2", "frame/f-1?site=lab&device=cam-1"]) {
      await (await fetch(`${pages}/recorder/${path}`)).text();
    }
    assert.deepEqual(asked, [
      "/thumbnails?site=hall",
      "/thumbnails?limit=2&site=hall",
      "/frame/f-1?site=lab&device=cam-1",
    ]);
  });

  it("asks no other host, whatever the path says", async (t) => {
    const asked: (string | undefined)[] = [];
    const recorder = await listen(t, ({ url, headers }, response) => {
      asked.push(`${headers.host}${url}`);
      response.end();
    });
    const proxy = recorderProxy("/recorder", recorder, "hall");
    const pages = await listen(t, (request, response) => {
      // As a client sends it that does not tidy up paths.
      request.url = decodeURIComponent(request.url!.slice(1));
      void proxy(request, response, () => response.writeHead(404).end());
    });
    const { host } = new URL(recorder);
    for (const path of ["/recorder//evil.example/x", "/recorder/@evil.example/x", "/recorder/../../store"]) {
      await fetch(`${pages}/${encodeURIComponent(path)}`);
    }
    assert.deepEqual(asked, [
      `${host}//evil.example/x?site=hall`,
      `${host}/@evil.example/x?site=hall`,
      `${host}/store?site=hall`,
    ]);
  });
});
