import { resolve } from "node:path";
import { createLog, reasonOf, StartedParts } from "@meanet/runtime";
import { mqttConfigSchema } from "@meanet/session";
import { Figures, type Summary } from "../figures.ts";
import { tellParent } from "../ipc.ts";
import type { StopReason } from "../lifetime.ts";
import { imageSample, openStream, type Stream } from "../replay/open-stream.ts";
import { type PlayOptions, play } from "../replay/play.ts";
import { runId } from "../replay/run-id.ts";
import { stopSignals } from "../stop-signals.ts";
import type { UpConfig } from "./config.ts";
import { Observer } from "./observer.ts";
import { allAddresses, overview } from "./overview.ts";
import { Processes } from "./processes.ts";
import type { Screen } from "./screen.ts";
import { awaitStoredRows, type InfluxAccess, type StoredRows } from "./stored-rows.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** For the rows of the recorder, at the end of a run and after Ctrl-C. */
const STORE_TIMEOUT_MS = 30_000;
const STORE_GRACE_MS = 3_000;

export interface UpSummary extends Summary {
  readonly store: StoredRows;
}

/**
 * Starts everything, replays frames or watches those of others, shows what becomes of them, and stops everything in order.
 *
 * @param stopped - resolves when the user wants an end; while everything is still starting, that is no failure either
 * @throws {MeanetError} PORT_TAKEN, PROCESS_FAILED, BROKER_UNREACHABLE, DATASET_…; what had started is stopped then
 */
export async function up(config: UpConfig, screen: Screen, stopped: Promise<StopReason>): Promise<UpSummary> {
  const run = runId();
  const startedAt = Date.now();
  const figures = new Figures();
  const parts = new StartedParts();
  const log = createLog("up", "silent");
  const ending = stopSignals(stopped, (text) => screen.say(text));
  const watched = watchOthers(config, figures);
  const file = resolve(config.state, "recorder", "recorder.sqlite");
  let works = false;

  const start = async (): Promise<UpSummary> => {
    const streams = await openStreams(config);
    const watching = streams.length === 0;
    const processes = new Processes(config, (text) => screen.say(text), {
      ending: ending.signal,
    });
    parts.add("processes", processes, (started) => started.stop());
    const url = await processes.startBroker();
    const mqtt = mqttConfigSchema.parse({ url });
    const observer = new Observer({
      mqtt,
      site: config.site,
      clientId: `up-${run}`,
      log,
      onFinal: watching ? watched.onFinal : undefined,
    });
    parts.add("observer", observer, (opened) => opened.close());
    // The broker may have been told to end as well.
    await Promise.race([observer.connect(CONNECT_TIMEOUT_MS), ending.asked]);
    ending.signal.throwIfAborted();
    await processes.startNodes(url);
    ending.signal.throwIfAborted();
    works = true;
    for (const line of overview(config, processes.running, url)) screen.say(line);
    await tellParent({ type: "ready", addresses: allAddresses(processes.running, url) });

    const { flows = config.frames === undefined } = config;
    const startFlows = () => {
      if (flows) processes.startFlows(url);
    };

    const draw = () =>
      screen.figures({
        ...figures.summary(),
        elapsedMs: Date.now() - startedAt,
        nodeDrops: observer.drops,
      });
    const drawing = setInterval(draw, screen.intervalMs);
    parts.add("screen", drawing, clearInterval);

    if (watching) {
      startFlows();
      await Promise.race([watched.enough, ending.asked]);
    } else {
      await playAll(streams, config.frames, {
        mqtt,
        site: config.site,
        log,
        run,
        signal: ending.signal,
        giveUp: ending.giveUp,
        onResult: (result) => {
          if (figures.frames === 0) {
            screen.say(`first verdict ${process.uptime().toFixed(1)} s after the start`);
            // Only now: a second of its start would be a second more without a verdict.
            startFlows();
          }
          figures.add(result);
        },
        onDropped: (id, error) => {
          figures.addDropped();
          screen.say(`${id}: ${reasonOf(error)}`);
        },
      });
    }
    clearInterval(drawing);
    draw();
    screen.close();

    const { verdicts, refused } = figures.summary();
    const timeoutMs = ending.signal.aborted ? STORE_GRACE_MS : STORE_TIMEOUT_MS;
    const store = await awaitStoredRows({
      file,
      // Later versions cannot be asked.
      influx: config.influxVersion === 1 ? influxAccess(config) : undefined,
      expected: verdicts + refused,
      since: startedAt,
      idPrefix: watching ? "" : `${run}-`,
      timeoutMs,
      onInfluxAway: (reason) =>
        screen.say(`waiting up to ${timeoutMs / 1000} s for InfluxDB, which cannot be asked: ${reason}`),
    });
    await parts.stop();
    return { ...figures.summary(), store };
  };

  try {
    return await parts.guard(start);
  } catch (error) {
    if (works || !ending.signal.aborted) throw error;
    screen.close();
    return { ...figures.summary(), store: { file, rows: 0, missing: 0 } };
  }
}

function influxAccess({ influx: url, influxUsername, influxPassword }: UpConfig): InfluxAccess | undefined {
  return url === undefined ? undefined : { url, username: influxUsername, password: influxPassword };
}

/** What the simulated devices send; nothing without them. */
async function openStreams(config: UpConfig): Promise<Stream[]> {
  if (!config.replay) return [];
  const { encoding, rate, devices, speed, sensorData } = config;
  const cameras = await openStream({ dataset: imageSample, encoding, rate, devices });
  if (!config.sensors) return [cameras];
  return [cameras, await openStream({ dataset: "uci-har", data: sensorData, encoding, speed })];
}

/** Plays all streams side by side; when the first has sent its `frames`, the others send no more. */
async function playAll(
  [first, ...others]: readonly Stream[],
  frames: number | undefined,
  options: Omit<PlayOptions, "frames">,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  await Promise.all([
    play(first!, { ...options, frames }).finally(() => over.abort()),
    ...others.map((stream) => play(stream, { ...options, frames: undefined, signal })),
  ]);
}

/** Whether every frame asked for ended in a verdict or refusal, and every one of these is stored. */
export function isComplete({ frames, dropped, store }: UpSummary, wanted: number | undefined): boolean {
  const missing = dropped + store.missing + (store.influx?.missing ?? 0);
  return missing === 0 && (wanted === undefined || frames >= wanted);
}

/** Without cameras of our own the figures are those of whatever the site sends. */
function watchOthers({ frames }: UpConfig, figures: Figures) {
  const enough = Promise.withResolvers<void>();
  const onFinal: NonNullable<ConstructorParameters<typeof Observer>[0]["onFinal"]> = (verdict, correct) => {
    if (figures.frames === frames) return;
    figures.add({ verdict, latencyMs: verdict.latencyMs, correct });
    if (figures.frames === frames) enough.resolve();
  };
  return { enough: enough.promise, onFinal };
}
