import { readFileSync } from "node:fs";
import { type pictureFiles, randomAt, shuffled } from "@meanet/models";
import type { FrameSource } from "./frame-source.ts";

/** Picture files, sent as they are: each is read when its turn comes. They lie there class after class, and come mixed, always in one order. */
export function fileSource({ classes, files }: Awaited<ReturnType<typeof pictureFiles>>): FrameSource {
  const order = shuffled(
    Uint32Array.from(files, (_, place) => place),
    randomAt(0),
  );
  return {
    count: files.length,
    at(index) {
      const { path, classIndex } = files[order[index % files.length]!]!;
      return { payload: readFileSync(path), classIndex, label: classes[classIndex]! };
    },
  };
}
