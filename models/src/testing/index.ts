export { quadrantFrames, writeQuadrantBundle } from "./quadrant-bundle.ts";
