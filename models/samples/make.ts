/**
 * Makes `models/samples/fashion-mnist` again: the first 100 test frames of each class, in their official order.
 *
 *     node models/samples/make.ts [folder of the official files]
 */
import { join } from "node:path";
import { openDataset } from "../src/data/dataset.ts";
import { balancedIndices, writeTestSample } from "../src/data/sample.ts";

const dataset = await openDataset("fashion-mnist", { from: process.argv[2] });
const test = await dataset.read("test");
await writeTestSample(test, balancedIndices(test, 100), join(import.meta.dirname, "fashion-mnist"));
