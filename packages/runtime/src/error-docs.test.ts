import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { errorCodes } from "./error-codes.ts";
import { errorDocsPath, renderErrorDocs } from "./error-docs.ts";

test("docs/errors.md is what `npm run docs:errors` writes", () => {
  assert.equal(readFileSync(errorDocsPath, "utf8"), renderErrorDocs());
});

test("every meaning is a sentence", () => {
  for (const [code, { meaning }] of Object.entries(errorCodes)) assert.match(meaning, /^[A-Z`].*\.$/s, code);
});
