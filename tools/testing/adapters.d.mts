export function testAdapters(env?: NodeJS.ProcessEnv): readonly string[];
export function swiftshaderEnvironment(env?: NodeJS.ProcessEnv): Record<string, string>;
