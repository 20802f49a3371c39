// Ends a run with a list of what was skipped and why, and then, alone on its line, "N passed, N failed, N skipped".
// A file that fails to load and an unhandled error each count as one failure, so that "0 failed" is never the last line
// of a run that fails for a test's sake.
export default class CountsReporter {
  onTestRunEnd(modules, unhandledErrors, reason) {
    let passed = 0;
    let failed = unhandledErrors.length;
    const skipped = [];
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed++;
        else if (result.state === 'failed') failedHere++;
        else skipped.push(`${module.project.name} ${module.relativeModuleId} > ${test.fullName}: ${why(test, result)}`);
      }
      if (failedHere === 0 && module.state() === 'failed') failedHere = 1; // failed import, collection or suite hook
      failed += failedHere;
    }
    if (failed === 0 && (reason !== 'passed' || modules.length === 0)) failed = 1; // interrupted or empty: no pass

    // Coverage tables and other reporters' summaries come after this hook.
    process.once('exit', () => {
      const list = skipped.length > 0 ? `\nSkipped:\n${skipped.map((line) => `  ${line}\n`).join('')}` : '';
      process.stdout.write(`${list}\n${passed} passed, ${failed} failed, ${skipped.length} skipped\n`);
    });
  }
}

/** The note given to `context.skip(note)`, or how the test was marked. */
function why(test, result) {
  if (result.state === 'pending') return 'interrupted before it ran';
  if (result.note) return result.note;
  return test.options.mode === 'todo' ? 'todo' : 'no reason given';
}
