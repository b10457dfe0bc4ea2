// A Vitest reporter for scripts/test.js: counts, and of every skipped test its reason, as JSON in the file that
// ATTUNE_TEST_SUMMARY names. (Vitest's own JSON reporter leaves out the note of `context.skip(note)`.)
import { writeFileSync } from "node:fs";
import { relative } from "node:path";

/** The reason stands in the note of `context.skip(note)`, or in a name as "(skipped: no ../shared)". */
function skipReason(test) {
  const note = test.result().note;
  if (note) return note;
  return /\(skipped: ([^)]*)\)/.exec(test.fullName)?.[1] ?? "no reason given";
}

export default class TestSummary {
  onTestRunEnd(modules) {
    const summary = { passed: 0, failed: 0, skipped: [], brokenFiles: [] };
    for (const module of modules) {
      const path = relative(process.cwd(), module.moduleId);
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "passed") summary.passed++;
        else if (state === "failed") failedTests++;
        else summary.skipped.push({ test: `${path} > ${test.fullName}`, reason: skipReason(test) });
      }
      summary.failed += failedTests;
      // A file that cannot be imported, or whose hooks fail, has no failed test to show for it.
      if (module.state() === "failed" && failedTests === 0) {
        const errors = [...module.errors(), ...[...module.children.allSuites()].flatMap((suite) => suite.errors())];
        summary.brokenFiles.push({ path, message: errors[0]?.message ?? "failed outside its tests" });
      }
    }
    writeFileSync(process.env.ATTUNE_TEST_SUMMARY, JSON.stringify(summary));
  }
}
