import { describe, test } from "node:test";
import { marbles } from "@meanet/pipeline/testing";
import type { Route } from "@meanet/protocol";
import { map } from "rxjs";
import { classifiedOf, frameOf } from "../frames-for-tests.ts";
import { routeFrames } from "./route-frames.ts";

const items = { e: classifiedOf(frameOf("easy")), h: classifiedOf(frameOf("hard")) };

describe("routeFrames", () => {
  test("asks for the way of each frame when the frame comes", () => {
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const routed = routeFrames(({ frame }) => ({ route: frame.id as Route, threshold: 0.5 }));
      const names = { e: "easy", h: "hard" };
      const route = map(({ route: way }: { route: Route }) => way);
      expectObservable(cold("e-h|", items).pipe(routed, route)).toBe("e-h|", names);
      expectObservable(cold("e-#", items).pipe(routed, route)).toBe("e-#", names);
      expectObservable(cold("|", items).pipe(routed, route)).toBe("|");
      expectObservable(cold("-", items).pipe(routed, route)).toBe("-");
      const source = hot("e-h-", items);
      expectObservable(source.pipe(routed, route), "^-!").toBe("e-", names);
      expectSubscriptions(source.subscriptions).toBe("^-!");
    });
  });
});
