import type { LabelledWindows } from "@meanet/models";
import { encodeWindow } from "@meanet/protocol";
import type { FrameSource } from "./frame-source.ts";

/** Who wore the sensors of a data set, in order of their numbers. */
export function subjectsOf({ subjects }: LabelledWindows): number[] {
  return [...new Set(subjects)].sort((a, b) => a - b);
}

/**
 * The windows of several subjects, one of each in turn: what as many sensors send at the same time. Each subject's windows come in
 * their order, and from the first again after the last.
 *
 *     subject 2   a b c        out  a d b e c f a g …
 *     subject 4   d e f g
 */
export function sensorSource(
  windows: LabelledWindows,
  classes: readonly string[],
  subjects: readonly number[],
): FrameSource {
  const [channels, readings] = windows.shape;
  const length = channels * readings;
  const places = subjects.map((subject) =>
    Array.from(windows.subjects.keys()).filter((place) => windows.subjects[place] === subject),
  );
  return {
    count: places.reduce((sum, { length: count }) => sum + count, 0),
    at(index) {
      const own = places[index % subjects.length]!;
      const place = own[Math.floor(index / subjects.length) % own.length]!;
      const classIndex = windows.labels[place]!;
      return {
        payload: encodeWindow(windows.windows.slice(place * length, (place + 1) * length)),
        classIndex,
        label: classes[classIndex]!,
      };
    },
  };
}
