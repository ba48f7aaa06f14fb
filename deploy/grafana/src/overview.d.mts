import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";

export declare const UID: "redline-overview";
/** The dashboard as Grafana's file provisioning takes it. Gives the same at every call. */
export declare function overview(): Dashboard;
