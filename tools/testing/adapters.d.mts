export function swiftshaderEnvironment(env?: NodeJS.ProcessEnv): Record<string, string>;
