/**
 * Makes the sample again: the first 100 test frames of each class of Fashion-MNIST, in their official order.
 *
 *     node models/samples/make.ts fashion-mnist [folder of the official files]
 */
import { join } from "node:path";
import { openDataset } from "../src/data/open-dataset.ts";
import { balancedIndices, writeTestSample } from "../src/data/sample.ts";

const [name, from] = process.argv.slice(2);
if (name !== "fashion-mnist") throw new Error("expected fashion-mnist, and where the official files are");
const test = await (await openDataset(name, { from })).read("test");
await writeTestSample(test, balancedIndices(test, 100), join(import.meta.dirname, name));
