import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nothingFound } from "./nothing-found.ts";

describe("where nothing was found", () => {
  it("tells the time that was looked at, and of what", () => {
    assert.equal(
      nothingFound("answers", { since: 0, until: 60_000 }, { edge: "edge-9", model: undefined }),
      'no answers of edge "edge-9" from 1970-01-01T00:00:00.000Z to 1970-01-01T00:01:00.000Z; --since 1d looks further back',
    );
  });

  it("proposes a day only where less was looked at", () => {
    assert.doesNotMatch(nothingFound("answers", { since: 0, until: 86_400_000 }), /--since/);
  });
});
