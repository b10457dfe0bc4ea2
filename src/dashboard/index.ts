// The dashboard: a local web page over a folder of runs.
export { type Dashboard, type DashboardOptions, startDashboard } from "./server.js";
export { keptToken, logCache } from "./token.js";
