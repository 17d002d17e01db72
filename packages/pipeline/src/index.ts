export { type BatchOptions, batchWhenFree } from "./batch-when-free.ts";
