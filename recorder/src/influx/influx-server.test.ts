import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { createLog } from "@meanet/runtime";
import { connectInflux } from "./influx-server.ts";
import type { Point } from "./point.ts";

const point: Point = {
  measurement: "energy",
  tags: { site: "lab" },
  fields: { compute_j: 1 },
  timestamp: "1700000000000000000",
};

describe("influx server", () => {
  test("a refusal tells its reason, and no log of it the password", async () => {
    const refusing = createServer((request, response) => {
      request.resume();
      response.writeHead(401).end('{"error":"authorization failed"}');
    }).listen(0, "127.0.0.1");
    await once(refusing, "listening");
    const { port } = refusing.address() as AddressInfo;
    const server = connectInflux({
      url: `http://127.0.0.1:${port}/meanet`,
      ...{ username: "anna", password: "a-password", requestTimeout: 5000 },
    });
    let logged = "";
    const log = createLog("test", "info", {
      write(line) {
        logged += line;
      },
    });

    const attempts = {
      write: () => server.write([point]),
      createDatabase: () => server.createDatabase(),
      query: () => server.query("SHOW DATABASES"),
    };
    for (const [name, attempt] of Object.entries(attempts)) {
      await assert.rejects(attempt, (error: unknown) => {
        log.warn({ err: error }, name);
        assert.match(String(error), /answers 401, authorization failed: check user name and password$/, name);
        return true;
      });
    }
    refusing.close();

    const inHead = Buffer.from("anna:a-password").toString("base64");
    assert.match(logged, /createDatabase/);
    assert.ok(!logged.includes("a-password") && !logged.includes(inHead), logged);
  });
});
