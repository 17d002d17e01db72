/**
 * Makes the samples again: of `fashion-mnist` the first 100 test frames of each class, in their official order; of `uci-har` 16 test
 * windows of each class, spread over all subjects of the test part.
 *
 *     node models/samples/make.ts fashion-mnist|uci-har [folder of the official files]
 */
import { join } from "node:path";
import { openDataset } from "../src/data/dataset.ts";
import { balancedIndices, spreadIndices, writeTestSample } from "../src/data/sample.ts";
import { writeCompactPart } from "../src/data/uci-har-compact.ts";

const [name, from] = process.argv.slice(2);
if (name === "fashion-mnist") {
  const test = await (await openDataset(name, { from })).read("test");
  await writeTestSample(test, balancedIndices(test, 100), join(import.meta.dirname, name));
} else if (name === "uci-har") {
  const data = await openDataset(name, { from });
  const test = await data.read("test");
  await writeCompactPart(
    join(import.meta.dirname, name),
    "test",
    data.classes,
    test,
    spreadIndices(test, 16),
  );
} else {
  throw new Error("expected fashion-mnist or uci-har, and where the official files are");
}
