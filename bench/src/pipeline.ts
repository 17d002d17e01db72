import { connectDevice } from "@meanet/device";
import type { SettingState, Verdict } from "@meanet/protocol";
import { createLog, MeanetError, StartedParts } from "@meanet/runtime";
import { MqttSession, mqttConfigSchema } from "@meanet/session";
import { startMeanet } from "./meanet-process.ts";
import { memoryOfTree, type ProcessMemory } from "./memory.ts";
import type { FrameOutcome } from "./round.ts";
import type { Sample } from "./sample.ts";
import { openState } from "./state-folder.ts";

export const policies = ["meanet", "edge-only", "cloud-only"] as const;
export type Policy = (typeof policies)[number];

const SITE = "bench";
const EDGE = "edge-1";
const VERDICT_TIMEOUT_MS = 30_000;
const SETTING_TIMEOUT_MS = 10_000;

export interface Pipeline {
  /** Resolves when the edge node says that the policy is in force. */
  setPolicy(policy: Policy): Promise<void>;
  /** Ends with the final verdict, as the device sees it. @throws {MeanetError} VERDICT_TIMEOUT */
  readonly send: (index: number) => Promise<FrameOutcome>;
  /** Of all processes of `meanet up`, now. */
  memory(): readonly ProcessMemory[];
  close(): Promise<void>;
}

/**
 * Everything that `meanet up` starts, with its default settings, and one device.
 *
 * @throws {MeanetError} PROCESS_FAILED, BROKER_UNREACHABLE
 */
export async function openPipeline(sample: Sample): Promise<Pipeline> {
  const parts = new StartedParts();
  const log = createLog("bench", "silent");
  return parts.guard(async () => {
    const state = await openState(parts);
    const up = await startMeanet([
      ...["up", "--replay", "false", "--flows", "false", "--port", "0"],
      ...["--state", state, "--site", SITE, "--policy", policies[0]],
    ]);
    parts.add("up", up, (started) => started.stop());
    const mqtt = mqttConfigSchema.parse({ url: up.addresses.mqtt });
    const device = await connectDevice({ mqtt, site: SITE, device: "bench-camera", log });
    parts.add("device", device, (connected) => connected.close());

    const session = new MqttSession({ mqtt, node: "bench-control", site: SITE, log });
    parts.add("control", session, (opened) => opened.close());
    let onState: (state: SettingState) => void = () => undefined;
    const place = { site: SITE, edge: EDGE, setting: "policy" };
    session.subscribe(session.topics.state, place, ({ value, retained }) => {
      if (!retained) onState(value);
    });
    await session.connect();

    let sent = 0;
    return {
      async setPolicy(policy) {
        const answer = new Promise<SettingState>((resolve, reject) => {
          const timer = setTimeout(() => reject(notInForce(policy, "it said nothing")), SETTING_TIMEOUT_MS);
          onState = (state) => {
            clearTimeout(timer);
            resolve(state);
          };
        });
        const wish = session.publish(session.topics.set, place, policy);
        const [{ value, error }] = await Promise.all([answer, wish]);
        if (value !== policy || error !== null) throw notInForce(policy, error ?? `it has ${value}`);
      },
      send: async (index) => {
        const id = await device.publishFrame(sample.payload(index), { id: String(sent++), qos: 1 });
        const { verdict } = await device.awaitVerdict(id, VERDICT_TIMEOUT_MS);
        return outcomeOf(verdict, sample.classIndex(index));
      },
      memory: () => memoryOfTree(up.pid),
      close: () => parts.stop(),
    };
  });
}

function outcomeOf(verdict: Verdict, classIndex: number): FrameOutcome {
  if (verdict.outcome === "refused") return { refused: true };
  const { energy, uplinkBytes, exit } = verdict;
  return {
    answer: { correct: verdict.classIndex === classIndex, exit },
    costs: { edgeJ: energy.mainJ + energy.extensionJ + energy.uplinkJ, cloudJ: energy.cloudJ, uplinkBytes },
  };
}

function notInForce(policy: Policy, reason: string): MeanetError {
  return new MeanetError(
    "PROCESS_FAILED",
    `${EDGE} did not take the policy ${policy}: ${reason}; run the bench again, and look at the edge node's log if it stays`,
    { name: EDGE, policy },
  );
}
