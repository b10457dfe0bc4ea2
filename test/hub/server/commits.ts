// POST /commit: lines of JSON become a commit on a branch or a pull request.
import { assemble } from "./large-files.js";
import { commitAt, commit as makeCommit, type Repository, type StoredFile, smallFile } from "./repositories.js";
import { bodyOf, json, type LoopbackHub, type Request } from "./server.js";

type Line =
  | { readonly key: "header"; readonly value: { summary: string; description?: string; parentCommit?: string } }
  | { readonly key: "file"; readonly value: { path: string; content: string; encoding: string } }
  | { readonly key: "lfsFile"; readonly value: { path: string; algo: string; oid: string; size?: number } }
  | { readonly key: "deletedFile" | "deletedFolder"; readonly value: { path: string } };

export async function receiveCommit(
  hub: LoopbackHub,
  { message, response }: Request,
  repository: Repository,
  branch: string,
  asPull: boolean,
): Promise<void> {
  if (message.headers["content-type"] !== "application/x-ndjson")
    return json(response, { error: "ndjson is needed" }, 400);
  const lines = (await bodyOf(message)).trim().split("\n");
  const [header, ...operations] = lines.map((line) => JSON.parse(line) as Line);
  if (header.key !== "header" || !header.value.summary) return json(response, { error: "a summary is needed" }, 400);
  const head = commitAt(repository, branch);
  const { summary: title, description, parentCommit } = header.value;
  if (!asPull && parentCommit !== undefined && !head?.id.startsWith(parentCommit)) {
    return json(response, { error: "A commit has happened since. Please refresh and try again." }, 412);
  }
  const files = new Map<string, StoredFile>(head?.files);
  for (const operation of operations) {
    if (operation.key === "file")
      files.set(operation.value.path, smallFile(Buffer.from(operation.value.content, "base64")));
    if (operation.key === "lfsFile") {
      const { oid, path } = operation.value;
      assemble(hub, oid);
      const known = [...repository.commits.values()].flatMap((each) => [...each.files.values()]);
      const file = hub.uploads.done.get(oid) ?? known.find(({ sha256 }) => sha256 === oid);
      if (file === undefined) return json(response, { error: `LFS object ${oid} was not uploaded` }, 400);
      files.set(path, file);
    }
    if (operation.key === "deletedFile" && !files.delete(operation.value.path)) {
      return json(response, { error: `A file with this name doesn't exist: ${operation.value.path}` }, 400);
    }
    if (operation.key === "deletedFolder") {
      for (const path of files.keys()) if (path.startsWith(operation.value.path)) files.delete(path);
    }
  }
  const target = asPull ? `refs/pr/${++repository.pulls}` : branch;
  if (asPull && head) repository.branches.set(target, head.id);
  const made = makeCommit(repository, target, files, { title, description });
  const page = `${hub.endpoint}/${repository.type === "model" ? "" : "datasets/"}${repository.id}`;
  json(response, {
    success: true,
    commitOid: made.id,
    commitUrl: `${page}/commit/${made.id}`,
    hookOutput: "",
    ...(asPull ? { pullRequestUrl: `${page}/discussions/${repository.pulls}` } : {}),
  });
}
