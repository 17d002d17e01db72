import { after, before, describe, it } from "node:test";
import { type Mosquitto, startMosquitto } from "@meanet/session/testing";
import { meanet } from "./rig/meanet.ts";
import { Site } from "./rig/site.ts";
import { expectWhole } from "./rig/summary.ts";

const FRAMES = 300;

describe("meanet up at Debian's Mosquitto", () => {
  const site = new Site();
  let mosquitto: Mosquitto;
  before(async () => {
    mosquitto = await startMosquitto();
  });
  after(async () => {
    await site.close();
    await mosquitto.stop();
  });

  it("answers and stores every frame, by all three exits", async () => {
    const size = ["--frames", String(FRAMES), "--rate", "200"];
    const ended = await meanet("up", "--broker", mosquitto.url, ...size, "--json", "--state", site.folder);
    expectWhole(ended, FRAMES);
  });
});
