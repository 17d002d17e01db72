import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allowOriginsSchema, Origins } from "./origins.ts";

describe("origins that may read the recorder's answers", () => {
  const origins = new Origins(["https://wall.example.org"], "127.0.0.1");

  test("are those of this machine, and those that are named", () => {
    assert.equal(origins.allowed("http://localhost:1880"), "http://localhost:1880");
    assert.equal(origins.allowed("http://127.0.0.1:1880/dashboard"), "http://127.0.0.1:1880");
    assert.equal(origins.allowed("http://[::1]:9"), "http://[::1]:9");
    assert.equal(origins.allowed("https://wall.example.org/x?y"), "https://wall.example.org");
  });

  test("are no others, however alike", () => {
    for (const other of [
      undefined,
      "null",
      "",
      "https://evil.example",
      "https://wall.example.org.evil.example",
      "http://wall.example.org",
      "https://wall.example.org:8443",
      "http://localhost.evil.example",
      "http://evil.example/localhost",
      "http://127.0.0.1.evil.example",
      "http://localhost@evil.example",
      "file://localhost/etc",
    ]) {
      assert.equal(origins.allowed(other), undefined, String(other));
    }
  });

  test("know the names of a listener of this machine, and any of one beyond it", () => {
    for (const own of ["localhost:4711", "127.0.0.1:4711", "[::1]:4711", "wall.example.org"]) {
      assert.ok(origins.isOwnHost(own), own);
    }
    for (const other of [undefined, "evil.example:4711", "a b", "127.0.0.1.evil.example"]) {
      assert.ok(!origins.isOwnHost(other), String(other));
    }
    assert.ok(new Origins([], "0.0.0.0").isOwnHost("recorder.local:4711"));
    assert.ok(!new Origins([], "::1").isOwnHost("evil.example"));
  });

  test("are named as origins, without path, credentials or wildcard host", () => {
    assert.ok(allowOriginsSchema.safeParse(["https://wall.example.org:8443"]).success);
    for (const wrong of [
      "*",
      "wall.example.org",
      "https://wall.example.org/x",
      "https://u@x.example",
      "ftp://x",
    ]) {
      assert.ok(!allowOriginsSchema.safeParse([wrong]).success, wrong);
    }
  });
});
