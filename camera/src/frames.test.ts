import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { isMeanetError } from "@meanet/runtime";
import {
  concat,
  defer,
  firstValueFrom,
  lastValueFrom,
  NEVER,
  type Observable,
  of,
  take,
  throwError,
  toArray,
} from "rxjs";
import { framesFrom } from "./frames.ts";

const picture = Buffer.from("a picture");

/** What becomes of an input that behaves so at its first opening, so at its second, …, until `count` pictures have come. */
async function opened(count: number, ...behaviours: readonly Observable<Buffer>[]) {
  const reopened: [unknown, number][] = [];
  let opening = 0;
  const input = defer(() => behaviours[opening++]!);
  const frames = framesFrom(input, {
    isReopened: true,
    silenceMs: 50,
    reopenAfterMs: 1,
    onReopen: (error, waitMs) => reopened.push([error, waitMs]),
  });
  const seen = await firstValueFrom(frames.pipe(take(count), toArray()));
  assert.equal(seen.length, count);
  return reopened;
}

const broken = throwError(() => new Error("no camera"));

describe("frames of an input", () => {
  it("go on behind its end, as of a file that is played again", async () => {
    const reopened = await opened(5, of(picture, picture), of(picture, picture), of(picture));
    assert.deepEqual(reopened, [
      [undefined, 1],
      [undefined, 1],
    ]);
  });

  it("go on behind failures, which are told; the wait doubles until a picture comes", async () => {
    const reopened = await opened(
      3,
      broken,
      broken,
      broken,
      concat(of(picture), broken),
      of(picture, picture),
    );
    assert.deepEqual(
      reopened.map(([error, waitMs]) => [(error as Error).message, waitMs]),
      [1, 2, 4, 1].map((waitMs) => ["no camera", waitMs]),
    );
  });

  it("end with an input that is there once, and fail with it", async () => {
    const onReopen = () => assert.fail("it was opened again");
    const options = { isReopened: false, silenceMs: 50, reopenAfterMs: 1, onReopen };
    assert.equal((await lastValueFrom(framesFrom(of(picture, picture), options).pipe(toArray()))).length, 2);
    await assert.rejects(lastValueFrom(framesFrom(broken, options)), /no camera/);
    await assert.rejects(lastValueFrom(framesFrom(NEVER, options)), { code: "CAMERA_FAILED" });
  });

  it("go on when it falls silent without an end, from its start or later", async () => {
    const reopened = await opened(2, NEVER, concat(of(picture), NEVER), of(picture));
    assert.equal(reopened.length, 2);
    for (const [error] of reopened) {
      assert.ok(isMeanetError(error, "CAMERA_FAILED"));
      assert.match(error.message, /no picture for 50 ms/);
    }
  });
});
