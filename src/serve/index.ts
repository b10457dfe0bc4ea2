// A trained folder as a service over HTTP.
export { HttpError } from "./http-error.js";
export type { ServeLimits } from "./limits.js";
export { type ServeOptions, serve } from "./serve.js";
export { type ListenOptions, ModelServer } from "./server.js";
export type { JsonSchema, Service } from "./service.js";
export type { Setting, SettingFields } from "./settings.js";
export type { ServedTask } from "./task-names.js";
