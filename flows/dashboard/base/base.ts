import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FlowNode } from "../../src/delivery/install-flows.ts";

/** Id of the dashboard itself. */
export const BASE = "meanet-dashboard";
export const LIGHT_THEME = "meanet-dashboard-light";
const TAB = "meanet-tab-dashboard";

const sizes = {
  ...{ density: "default", pagePadding: "12px", groupGap: "12px" },
  ...{ groupBorderRadius: "6px", widgetGap: "12px" },
};

/** What all pages share: the dashboard, its light theme, its style, and what makes it dark and names its menu. */
export function baseNodes(): FlowNode[] {
  const read = (file: string) => readFileSync(join(import.meta.dirname, file), "utf8");
  const template = {
    ...{
      type: "ui-template",
      z: TAB,
      group: "",
      page: "",
      ui: BASE,
      order: 0,
      width: 0,
      height: 0,
      head: "",
    },
    ...{ storeOutMessages: true, passthru: false, resendOnRefresh: true, className: "", wires: [[]] },
  };
  return [
    {
      ...{ id: TAB, type: "tab", label: "Dashboard", disabled: false, env: [] },
      info: "Style and colours of all pages. Each page has a tab of its own.",
    },
    {
      ...{ id: BASE, type: "ui-base", name: "MEANet", path: "/dashboard", appIcon: "" },
      // What a browser asks for comes back to it alone: each has its own time and its own choice.
      includeClientData: true,
      acceptsClientConfig: ["ui-notification", "ui-control", "ui-template", "ui-chart", "ui-table"],
      ...{
        showPathInSidebar: false,
        headerContent: "page",
        navigationStyle: "default",
        titleBarStyle: "default",
      },
      ...{ showReconnectNotification: true, notificationDisplayTime: 5, showDisconnectNotification: true },
      allowInstall: false,
    },
    {
      ...{ id: LIGHT_THEME, type: "ui-theme", name: "MEANet light", sizes },
      colors: {
        ...{ surface: "#ffffff", primary: "#0b5cad", bgPage: "#f2f4f7" },
        ...{ groupBg: "#ffffff", groupOutline: "#c9ced6" },
      },
    },
    {
      ...template,
      ...{
        id: `${BASE}-style`,
        name: "style",
        templateScope: "site:style",
        format: read("style.css"),
        x: 150,
        y: 60,
      },
    },
    {
      ...template,
      ...{
        id: `${BASE}-theme`,
        name: "light or dark",
        templateScope: "widget:ui",
        format: read("theme.vue"),
      },
      ...{ x: 150, y: 120 },
    },
  ];
}
