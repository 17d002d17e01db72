/** Marble tests of whatever is a pipeline: `@meanet/pipeline/testing`. */
export { type Helpers, marbles } from "./marbles.ts";
