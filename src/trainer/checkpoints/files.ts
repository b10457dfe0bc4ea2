// What stands in a checkpoint's folder beside the model's and the tokenizer's files.

export const checkpointFiles = {
  state: "trainer_state.json",
  optimizer: "optimizer.pt",
  schedule: "scheduler.pt",
  counters: "attune_state.json",
} as const;
