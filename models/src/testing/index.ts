export { activities, activityWindows, writeActivityWindows } from "./activity-windows.ts";
export { quadrantFrames, writeQuadrantBundle } from "./quadrant-bundle.ts";
export { swellWindows, writeSwellBundle } from "./swell-bundle.ts";
