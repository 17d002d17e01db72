/** A node as its page describes it. Everything else is as Node-RED keeps it. */
export interface PartNode {
  readonly type: string;
  readonly name?: string;
  /** Name of the group of widgets that it belongs to. */
  readonly group?: string;
  /** Names of the nodes that each output leads to. */
  readonly to?: readonly (readonly string[])[];
  readonly [field: string]: unknown;
}

interface GroupPart {
  readonly title: string;
  /** Columns of the twelve that a wide screen has; a phone shows all groups below each other. */
  readonly width: number;
  /** Left out: true. */
  readonly showTitle?: boolean;
}

/** A page of the dashboard: what it shows, and the flow behind it, on a tab of its own. */
export interface PageDescription {
  /** Of its path and in the ids of its nodes: never changed, so that an upgrade finds them again. */
  readonly name: string;
  readonly title: string;
  /** Of Material Design Icons. */
  readonly icon: string;
  /** What the tab says of itself in the editor. */
  readonly info: string;
  /** By name, in the order they are shown. */
  readonly groups: Readonly<Record<string, GroupPart>>;
  /** By name; widgets of a group are shown in this order. */
  readonly nodes: Readonly<Record<string, PartNode>>;
}
