import type { LabelSource } from "@meanet/protocol";
import { exposeCount, exposeCounts, exposeLevels, type Registry } from "@meanet/runtime";
import type { LearnerCounts } from "./learner.ts";

/** What a node has learned in service. */
interface Learned {
  readonly counts: Readonly<LearnerCounts>;
  readonly items: Readonly<Record<LabelSource, number>>;
}

/** For the stats topic. */
export function learningCounters({ counts, items }: Learned): Record<string, number> {
  const { trainings, accepted, refused, rolledBack, failed, lost } = counts;
  return {
    trainings,
    trainingsAccepted: accepted,
    trainingsRefused: refused,
    trainingsRolledBack: rolledBack,
    trainingsFailed: failed,
    itemsLabel: items.label,
    itemsCloud: items.cloud,
    itemsLost: lost,
  };
}

/** For Prometheus. */
export function exposeLearning(registry: Registry, learning: Learned): void {
  const started = { name: "meanet_edge_trainings_started_total", help: "trainings in service begun" };
  exposeCount(registry, started, () => learning.counts.trainings);
  const outcomes = {
    name: "meanet_edge_training_outcomes_total",
    help: "trainings in service, by what became of them",
    label: "outcome",
  };
  exposeCounts(registry, outcomes, () => {
    const { accepted, refused, rolledBack, failed } = learning.counts;
    return { accepted, refused, "rolled-back": rolledBack, failed };
  });
  const lost = {
    name: "meanet_edge_learning_lost_items_total",
    help: "labelled items that were not stored because their store failed",
  };
  exposeCount(registry, lost, () => learning.counts.lost);
  const items = {
    name: "meanet_edge_learning_items",
    help: "labelled items stored, by source",
    label: "source",
  };
  exposeLevels(registry, items, () => learning.items);
}
