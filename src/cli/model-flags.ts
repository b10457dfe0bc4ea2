// The flags that say which model.
import { text } from "../trainer/fields.js";

export const revisionFlags = {
  revision: text({
    default: undefined,
    placeholder: "NAME",
    help: "branch, tag or commit of the model",
    defaultNote: "main",
  }),
} as const;

export const trainedModelFlags = {
  model: text({
    default: undefined,
    placeholder: "ID|PATH",
    help: "a trained model: its folder, or its name on the Hub",
  }),
  ...revisionFlags,
} as const;
