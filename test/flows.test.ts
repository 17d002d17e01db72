import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { waitUntil } from "@meanet/session/testing";
import { Site } from "./rig/site.ts";

/** Of Node-RED's start on a busy machine. */
const PATIENCE_MS = 300_000;

interface Seen {
  readonly outcome: string;
  readonly label?: string;
}

describe("meanet up with flows", () => {
  const site = new Site();
  after(() => site.close());

  it("shows on the camera wall what the cameras are answered, and their pictures from the recorder", async () => {
    const up = await site.startUp("--flows", "true", "--rate", "20", "--devices", "3");
    const [, dashboard, editor] = await up.says(/dashboard (http\S+) {2}flows (http\S+)/, PATIENCE_MS);
    assert.equal(dashboard, `${editor}/dashboard`);

    const devices = await waitUntil(
      "every camera has a verdict",
      () => getJson<Record<string, Seen>>(`${editor}/wall/devices`),
      (seen) => Object.keys(seen).length === 3,
      PATIENCE_MS,
    );
    for (const { outcome, label } of Object.values(devices)) {
      assert.equal(outcome, "answered");
      assert.ok(label);
    }
    const page = await fetch(`${editor}/wall`);
    assert.equal(page.status, 200);
    assert.match(page.headers.get("content-type") ?? "", /^text\/html/);

    const pictures = await waitUntil(
      "there are pictures",
      () => getJson<{ path: string }[]>(`${editor}/recorder/thumbnails?latest=true`),
      (seen) => seen.length > 0,
      PATIENCE_MS,
    );
    const picture = await fetch(`${editor}/recorder${pictures[0]?.path}`);
    assert.equal(picture.status, 200);
    assert.match(picture.headers.get("content-type") ?? "", /^image\//);

    const { code, stderr } = await up.stop();
    assert.equal(code, 0, stderr);
    await assert.rejects(fetch(`${editor}/wall`));
  });
});

async function getJson<T>(url: string): Promise<T> {
  return (await (await fetch(url)).json()) as T;
}
