/**
 * Prints every suite as it ends (file, tests, what was skipped and why), then every failure, and as its last line
 * `N passed, N failed, N skipped`. A file that does not load, an error outside any test and a run without tests count
 * as failures, so that the last line and the exit code never disagree.
 */
import type { Reporter, SerializedError, TestCase, TestModule, TestRunEndReason } from "vitest/node";

interface Failure {
  readonly where: string;
  readonly errors: readonly ErrorLike[];
}
interface ErrorLike {
  readonly name?: string | undefined;
  readonly message?: string | undefined;
  readonly stack?: string | undefined;
  readonly diff?: string | undefined;
}

export default class SuiteReporter implements Reporter {
  private readonly write = (line: string): void => void process.stdout.write(`${line}\n`);
  private readonly running = new Set<string>();
  private patience: NodeJS.Timeout | undefined;

  onTestRunStart(): void {
    this.patience = setInterval(() => this.write(`     still running: ${[...this.running].join(", ")}`), 60_000).unref();
    this.write(`Property tests use seed ${process.env["ENGRAFT_SEED"]} (ENGRAFT_SEED=${process.env["ENGRAFT_SEED"]} repeats this run).`);
  }

  onTestModuleStart(module: TestModule): void {
    this.running.add(module.relativeModuleId);
  }

  /** A failure is known at once, also where a later test of the file hangs. */
  onTestCaseResult(test: TestCase): void {
    if (test.result().state === "failed") this.write(`     failed: ${test.module.relativeModuleId} > ${test.fullName}`);
  }

  onTestModuleEnd(module: TestModule): void {
    this.running.delete(module.relativeModuleId);
    const tests = [...module.children.allTests()];
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    const failed = count("failed") + suiteFailures(module).length;
    const skipped = tests.filter((test) => test.result().state === "skipped");
    const seconds = (module.diagnostic().duration / 1000).toFixed(1);
    this.write(
      `${failed > 0 ? "FAIL" : "ok  "} ${module.relativeModuleId}  ${count("passed")} passed, ${failed} failed, ${skipped.length} skipped (${seconds} s)`,
    );
    for (const test of skipped) this.write(`       skipped: ${test.fullName}${reasonOf(test)}`);
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[], reason: TestRunEndReason): void {
    clearInterval(this.patience);
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const failures: Failure[] = [
      ...tests
        .filter((test) => test.result().state === "failed")
        .map((test) => ({ where: `${test.module.relativeModuleId} > ${test.fullName}`, errors: test.result().errors ?? [] })),
      ...modules.flatMap(suiteFailures),
      ...unhandled.map((error) => ({ where: "outside any test", errors: [error] })),
    ];
    const passed = tests.filter((test) => test.result().state === "passed").length;
    const skipped = tests.filter((test) => test.result().state === "skipped").length;
    if (tests.length + failures.length === 0) failures.push({ where: "no test was found", errors: [] });
    if (failures.length === 0 && reason !== "passed") failures.push({ where: `the run was ${reason}`, errors: [] });
    for (const failure of failures) this.write(`\nFAILED ${failure.where}\n${failure.errors.map(textOf).join("\n")}`);
    if (failures.length > 0) process.exitCode = 1;
    this.write(`\n${passed} passed, ${failures.length} failed, ${skipped} skipped`);
  }

  onUserConsoleLog(log: { readonly content: string }): void {
    process.stderr.write(log.content);
  }
}

/** Files that did not load and suites whose hooks threw: their errors belong to no test. */
function suiteFailures(module: TestModule): readonly Failure[] {
  return [module, ...module.children.allSuites()]
    .filter((suite) => suite.errors().length > 0)
    .map((suite) => ({
      where: suite === module ? module.relativeModuleId : `${module.relativeModuleId} > ${(suite as { fullName: string }).fullName}`,
      errors: suite.errors(),
    }));
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  return result.state === "skipped" && result.note !== undefined ? ` (${result.note})` : "";
}

function textOf(error: ErrorLike): string {
  const stack = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line) && !line.includes("node_modules"));
  return [`${error.name ?? "Error"}: ${error.message ?? ""}`, error.diff, ...stack.slice(0, 8)]
    .filter((part) => part !== undefined && part !== "")
    .join("\n");
}
