import assert from "node:assert/strict";
import { test } from "node:test";
import { configLeaves, isMeanetError, loadConfig } from "@meanet/runtime";
import { configSchema } from "./config.ts";

test("recorder settings › every one has a description, and a default unless it may be left out", () => {
  const optional = /^(mqtt|influx)\./;
  for (const { path, description, default: value } of configLeaves(configSchema)) {
    const name = path.join(".");
    assert.notEqual(description, "", name);
    assert.ok(value !== undefined || optional.test(name), name);
  }
});

test("recorder settings › InfluxDB is off until its URL is given", () => {
  assert.equal(loadConfig("recorder", configSchema).influx, undefined);
  const environment = { MEANET__RECORDER__INFLUX__URL: "http://db:8086/meanet" };
  const { influx } = loadConfig("recorder", configSchema, { environment });
  assert.deepEqual(
    [influx?.url, influx?.requestTimeout, influx?.maxTagValues],
    ["http://db:8086/meanet", 10_000, 1000],
  );
});

for (const url of [
  "http://db:8086",
  "http://db:8086/",
  "db:8086/meanet",
  "http://db/a/b",
  "http://user:secret@db/meanet",
]) {
  test(`recorder settings › refuse ${url} for InfluxDB, saying what is expected`, () => {
    assert.throws(
      () => loadConfig("recorder", configSchema, { flags: { "influx.url": url } }),
      (error) =>
        isMeanetError(error, "CONFIG_INVALID") &&
        /http:\/\/127\.0\.0\.1:8086\/meanet.*influx\.url/.test(error.message),
    );
  });
}

test("recorder settings › InfluxDB 2 needs organisation and bucket, 3 its database; a server without a database", () => {
  const load = (flags: Record<string, string | number>, environment = {}) =>
    loadConfig("recorder", configSchema, { flags, environment }).influx;
  const url = "http://db:8086";
  const account = { "influx.org": "ours", "influx.bucket": "meanet" };
  const variables = { MEANET__RECORDER__INFLUX__TOKEN: "s3cret", MEANET__RECORDER__INFLUX__VERSION: "2" };
  const two = load({ "influx.url": url, ...account }, variables);
  assert.deepEqual([two?.version, two?.org, two?.bucket, two?.token], [2, "ours", "meanet", "s3cret"]);
  assert.equal(load({ "influx.url": url, "influx.version": 3, "influx.bucket": "meanet" })?.version, 3);
  const refused = (flags: Record<string, string | number>, message: RegExp) =>
    assert.throws(
      () => load({ "influx.url": url, ...flags }),
      (error) => isMeanetError(error, "CONFIG_INVALID") && message.test(error.message),
    );
  refused({ "influx.version": 2, "influx.bucket": "meanet" }, /organisation.*influx\.org/);
  refused({ "influx.version": 3 }, /database.*influx\.bucket/);
  refused(
    { ...account, "influx.version": 2, "influx.url": "http://me:secret@db:8086" },
    /without credentials/,
  );
  refused({ "influx.version": 4 }, /influx\.version/);
});
