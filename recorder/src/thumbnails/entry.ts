import type { ThumbnailType } from "@meanet/protocol";

/** What the final verdict of a frame says, for whoever looks at its picture. */
interface VerdictSummary {
  /** The answer that stands; null for a refusal. */
  readonly label: string | null;
  readonly exit: string | null;
  readonly confidence: number | null;
  /** What the edge itself says; null when an older edge node did not tell. */
  readonly edgeLabel: string | null;
  readonly edgeConfidence: number | null;
  /** Null when the cloud did not answer. */
  readonly cloudLabel: string | null;
  /** Why it was refused. */
  readonly reason: string | null;
  /** The label that somebody gave, a class name or index. */
  readonly truth: string | number | null;
  readonly correct: boolean | null;
}

export interface ThumbnailEntry {
  readonly site: string;
  readonly device: string;
  readonly id: string;
  /** When it arrived, milliseconds since 1970. */
  readonly at: number;
  readonly type: ThumbnailType;
  /** Where its bytes are, below the recorder's HTTP address. */
  readonly path: string;
  /** Whether the cloud's answer is another than the edge's. */
  readonly disagreed: boolean;
  /** Null until the verdict is stored. */
  readonly verdict: VerdictSummary | null;
}

type Row = Readonly<Record<string, unknown>>;

/** One row of the album, joined with its verdict. */
export function toEntry(row: Row): ThumbnailEntry {
  const { site, device, id } = row as { site: string; device: string; id: string };
  return {
    site,
    device,
    id,
    at: Number(row.at),
    type: row.type as ThumbnailType,
    path: `/thumbnail/${device}/${id}?site=${site}`,
    disagreed: row.disagreed === 1,
    verdict: row.outcome === null ? null : summarise(row),
  };
}

function summarise(row: Row): VerdictSummary {
  const answered = row.outcome === "answered";
  const byCloud = answered && row.exit === "cloud";
  const beside = typeof row.edge_answer === "string" ? (JSON.parse(row.edge_answer) as Row) : undefined;
  const label = row.label as string | null;
  const confidence = row.confidence as number | null;
  return {
    label,
    exit: answered ? (row.exit as string) : null,
    confidence,
    edgeLabel: byCloud ? ((beside?.label as string | undefined) ?? null) : label,
    edgeConfidence: byCloud ? ((beside?.confidence as number | undefined) ?? null) : confidence,
    cloudLabel: byCloud ? label : null,
    reason: answered ? null : (row.reason as string),
    truth: row.truth as string | number | null,
    correct: row.correct === null ? null : row.correct === 1,
  };
}
