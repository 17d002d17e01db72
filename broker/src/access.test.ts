import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hashPassword, verifyPassword } from "@meanet/runtime";
import type { Client } from "aedes";
import { ACCEPTED, Access, BAD_CREDENTIALS, NOT_AUTHORIZED } from "./access.ts";
import { configSchema } from "./config.ts";

const client = (id: string) => ({ id }) as Client;
const password = await hashPassword("s3cret");
const settings = (authentication: object) => configSchema.parse({ authentication }).authentication;

describe("passwords", () => {
  it("fit the hash made of them and no other", async () => {
    assert.ok(await verifyPassword("s3cret", password));
    assert.ok(!(await verifyPassword("S3cret", password)));
    assert.notEqual(await hashPassword("s3cret"), password, "salted");
  });

  it("that are not hashes are refused by the configuration", () => {
    const users = [{ name: "edge", password: "s3cret" }];
    assert.throws(() => settings({ users }), /expected a hash/);
  });
});

describe("Access", () => {
  it("lets anyone in while no users are configured, with or without a name", async () => {
    const access = new Access(settings({}));
    assert.equal(await access.connect(client("a"), undefined, undefined), ACCEPTED);
    assert.equal(await access.connect(client("b"), "someone", Buffer.from("x")), ACCEPTED);
  });

  it("lets in configured users only, once there are any", async () => {
    const access = new Access(settings({ users: [{ name: "edge", password }] }));
    assert.equal(await access.connect(client("a"), undefined, undefined), NOT_AUTHORIZED);
    assert.equal(await access.connect(client("a"), "edge", undefined), BAD_CREDENTIALS);
    assert.equal(await access.connect(client("a"), "edge", Buffer.from("wrong")), BAD_CREDENTIALS);
    assert.equal(await access.connect(client("a"), "nobody", Buffer.from("s3cret")), BAD_CREDENTIALS);
    assert.equal(await access.connect(client("a"), "edge", Buffer.from("s3cret")), ACCEPTED);
    assert.equal(
      await access.connect(client("a"), "edge", Buffer.from("wrong")),
      BAD_CREDENTIALS,
      "after a success too",
    );
    assert.equal(await access.connect(client("b"), "edge", Buffer.from("s3cret")), ACCEPTED);
  });

  it("answers many checks at once, each rightly", async () => {
    const access = new Access(settings({ users: [{ name: "edge", password }] }));
    const guesses = Array.from({ length: 8 }, (_, index) => (index % 2 === 0 ? "s3cret" : `guess ${index}`));
    const answers = await Promise.all(
      guesses.map((guess) => access.connect(client("a"), "edge", Buffer.from(guess))),
    );
    assert.deepEqual(
      answers,
      guesses.map((guess) => (guess === "s3cret" ? ACCEPTED : BAD_CREDENTIALS)),
    );
  });

  it("gives each client its own topics", async () => {
    const access = new Access(
      settings({
        anonymous: { publish: ["m/{clientId}/#", "open/+"], subscribe: ["m/{clientId}/+", "m/all"] },
      }),
    );
    const camera = client("camera-1");
    assert.ok(!access.mayPublish(camera, "open/x"), "nothing before CONNECT");
    await access.connect(camera, undefined, undefined);
    assert.ok(access.mayPublish(camera, "m/camera-1/frame/7"));
    assert.ok(access.mayPublish(camera, "open/x"));
    assert.ok(!access.mayPublish(camera, "m/camera-2/frame"));
    assert.ok(access.maySubscribe(camera, "m/camera-1/verdict"));
    assert.ok(access.maySubscribe(camera, "$share/g/m/all"));
    assert.ok(!access.maySubscribe(camera, "m/+/verdict"));
    assert.ok(!access.maySubscribe(camera, "$share/g/m/#"));
  });

  it("gives a client whose id acts as a wildcard nothing for it", async () => {
    const access = new Access(
      settings({ anonymous: { publish: ["m/{clientId}/#"], subscribe: ["m/{clientId}/#"] } }),
    );
    for (const id of ["+", "#", "a/b", "$SYS"]) {
      const hostile = client(id);
      await access.connect(hostile, undefined, undefined);
      assert.ok(!access.maySubscribe(hostile, `m/${id}/x`), id);
      assert.ok(!access.mayPublish(hostile, "m/a/b"), id);
    }
  });
});
