import assert from "node:assert/strict";
import { test } from "node:test";
import { loadBundle, openDataset, zooPath } from "@meanet/models";
import { startMosquitto } from "@meanet/session/testing";
import { encodePng } from "./png-for-tests.ts";
import { openTestSite } from "./site-for-tests.ts";

test("the bundle of the zoo answers official test frames as well through MQTT as its card says", async (context) => {
  const broker = await startMosquitto();
  context.after(() => broker.stop());
  const bundle = "fashion-mnist";
  const { manifest } = await loadBundle(zooPath(bundle));
  const lab = await openTestSite(context, { broker, bundle });
  await lab.worker();
  const frames = await (await openDataset("fashion-mnist")).read("test");
  const [, height, width] = frames.shape;
  const count = 300;
  const model = `${manifest.name}@${manifest.version}`;
  await Promise.all(
    Array.from({ length: count }, (_, index) => {
      const planes = Uint8Array.from(
        frames.images.subarray(index * height * width, (index + 1) * height * width),
      );
      const asPng = index % 2 === 0;
      return lab.ask(`frame-${index}`, {
        model,
        format: asPng ? "png" : "raw",
        frame: asPng ? encodePng(planes, width, height) : planes,
      });
    }),
  );
  await lab.until(() => lab.answers.length === count);
  let right = 0;
  for (let index = 0; index < count; index++) {
    const answer = lab.answerTo(`frame-${index}`);
    assert.ok(answer.outcome === "answered", JSON.stringify(answer));
    assert.equal(answer.classes.length, 5);
    if (answer.classes[0]!.classIndex === frames.labels[index]) right += 1;
  }
  // Four standard errors of 300 frames below what the network reaches on held-out data.
  const promised = manifest.provenance.parts.cloud!.heldOutAccuracy;
  const least = promised - 4 * Math.sqrt((promised * (1 - promised)) / count);
  assert.ok(right / count > least, `${right} of ${count} right, expected ${promised}`);
});
