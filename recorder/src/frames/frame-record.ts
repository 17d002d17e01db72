import type { DatabaseSync } from "node:sqlite";
import type {
  CloudOutcome,
  EdgeAnswer,
  Exit,
  Label,
  RefusalReason,
  Route,
  Stages,
  TopClasses,
} from "@meanet/protocol";
import { MeanetError } from "@meanet/runtime";
import { readDatabase } from "../store/database.ts";
import { fromJson } from "../store/verdict-row.ts";

/** Which of several frames with one id is meant. */
export interface FramePlace {
  readonly site?: string | undefined;
  readonly device?: string | undefined;
}

interface Row {
  readonly edge: string;
  readonly journal: string;
  readonly seq: number;
  /** When the verdict was written, milliseconds since 1970. */
  readonly at: number;
  /** When the frame arrived at the edge, milliseconds since 1970. */
  readonly receivedAt: number;
  readonly qos: number;
  readonly latencyMs: number;
  /** Null: not told. */
  readonly frameBytes: number | null;
}

export interface RecordedAnswer extends Row {
  readonly outcome: "provisional" | "answered";
  /** `seq` of the provisional verdict that this one replaces. */
  readonly supersedes: number | null;
  readonly label: string;
  readonly classIndex: number;
  readonly confidence: number;
  readonly exit: Exit;
  readonly route: Route;
  readonly cloud: CloudOutcome;
  /** Nats. */
  readonly entropy: number;
  /** Nats; null: another policy chose the way, or not told. */
  readonly threshold: number | null;
  readonly queueMs: number;
  readonly computeMs: number;
  /** `edgeJ` is main and extension together; the parts are null where only their sum was told. */
  readonly energy: {
    readonly edgeJ: number;
    readonly mainJ: number | null;
    readonly extensionJ: number | null;
    readonly uplinkJ: number;
    readonly cloudJ: number;
    readonly source: string;
  };
  readonly uplinkBytes: number;
  readonly model: string;
  readonly worker: string | null;
  readonly stages: Stages | null;
  readonly top: TopClasses | null;
  readonly edgeAnswer: EdgeAnswer | null;
  /** Whether it agrees with the label; null without one. */
  readonly correct: boolean | null;
}

export interface RecordedRefusal extends Row {
  readonly outcome: "refused";
  readonly reason: RefusalReason;
  readonly detail: string;
}

export type RecordedVerdict = RecordedAnswer | RecordedRefusal;

/** All that is recorded of one frame of one device. */
export interface FrameRecord {
  readonly id: string;
  readonly site: string;
  readonly device: string;
  /** The true class that somebody gave, its name or index; null without one. */
  readonly truth: Label["label"] | null;
  /** In the order they were written. */
  readonly verdicts: readonly RecordedVerdict[];
}

/**
 * The frames with this id, one for each device that used it; by site, then device.
 *
 * @param databaseFile - `recorder.sqlite` in the recorder's `state` folder; a recorder may be writing it
 * @throws {MeanetError} FRAME_UNKNOWN, STORE_UNUSABLE
 */
export function findFrames(databaseFile: string, id: string, place: FramePlace = {}): FrameRecord[] {
  return readDatabase(databaseFile, (database) => readFrames(database, id, place));
}

/** As the database gives them: columns of `verdict`. */
type Columns = Readonly<Record<string, string | number | null>>;

function readFrames(database: DatabaseSync, id: string, { site, device }: FramePlace): FrameRecord[] {
  const given = Object.entries({ site, device, id }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  // The index begins with site and device: without them all of it is read, which is still far less than the table.
  const rows = database
    .prepare(
      `SELECT * FROM verdict WHERE row IN (
         SELECT row FROM verdict INDEXED BY verdict_frame WHERE ${given.map(([column]) => `${column} = ?`).join(" AND ")}
       ) ORDER BY site, device, at, row`,
    )
    .all(...given.map(([, value]) => value)) as Columns[];
  if (rows.length === 0) throw unknownFrame(id, { site, device });
  const truth = database.prepare("SELECT truth FROM label WHERE site = ? AND device = ? AND id = ?");
  return [...Map.groupBy(rows, (row) => `${row.site}/${row.device}`).values()].map((ofFrame) => {
    const place = { site: String(ofFrame[0]!.site), device: String(ofFrame[0]!.device) };
    const label = truth.get(place.site, place.device, id)?.truth as Label["label"] | undefined;
    return { id, ...place, truth: label ?? null, verdicts: ofFrame.map(toVerdict) };
  });
}

function unknownFrame(id: string, { site, device }: FramePlace): MeanetError {
  const of = [site && `site ${site}`, device && `device ${device}`].filter(Boolean).join(", ");
  return new MeanetError(
    "FRAME_UNKNOWN",
    `no verdict of a frame ${JSON.stringify(id)}${of && ` of ${of}`} is recorded: check the id (it stands in the frame's topic, and in its verdict), or retention has deleted it`,
    { id, site, device },
  );
}

function toVerdict(row: Columns): RecordedVerdict {
  const common = {
    edge: String(row.edge),
    journal: String(row.journal),
    seq: Number(row.seq),
    at: Number(row.at),
    receivedAt: Number(row.received_at),
    qos: Number(row.qos),
    latencyMs: Number(row.latency_ms),
    frameBytes: row.frame_bytes as number | null,
  };
  if (row.outcome === "refused") {
    return { ...common, outcome: "refused", reason: row.reason as RefusalReason, detail: String(row.detail) };
  }
  const edgeJ = Number(row.energy_j);
  const extensionJ = row.extension_j as number | null;
  return {
    ...common,
    outcome: row.outcome as RecordedAnswer["outcome"],
    supersedes: row.supersedes as number | null,
    label: String(row.label),
    classIndex: Number(row.class_index),
    confidence: Number(row.confidence),
    exit: row.exit as Exit,
    route: row.route as Route,
    cloud: row.cloud as CloudOutcome,
    entropy: Number(row.entropy),
    threshold: row.threshold as number | null,
    queueMs: Number(row.queue_ms),
    computeMs: Number(row.compute_ms),
    energy: {
      edgeJ,
      mainJ: extensionJ === null ? null : edgeJ - extensionJ,
      extensionJ,
      uplinkJ: Number(row.uplink_j),
      cloudJ: Number(row.cloud_j),
      source: String(row.energy_source),
    },
    uplinkBytes: Number(row.uplink_bytes),
    model: String(row.model),
    worker: row.worker as string | null,
    stages: fromJson<Stages>(row.stages),
    top: fromJson<TopClasses>(row.top),
    edgeAnswer: fromJson<EdgeAnswer>(row.edge_answer),
    correct: row.correct === null || row.correct === undefined ? null : row.correct === 1,
  };
}
