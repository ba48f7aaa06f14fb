export { loadSettings, type Settings } from "./settings.ts";
export { runCoordinator } from "./coordinator.ts";
