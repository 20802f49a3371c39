#!/usr/bin/env node
// Builds the addon of the package in the current folder, `native/binding.gyp`, and puts it where the package looks for it:
// `native/prebuilds/<platform>-<arch>/<name>.node`. Downloads nothing: the headers are those beside the running Node, or
// the ones of the npm package node-api-headers, which every Node's ABI keeps to.
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const require = createRequire(resolve('package.json'));
const build = 'native/build';

const { status } = spawnSync(
  process.execPath,
  [require.resolve('node-gyp/bin/node-gyp.js'), 'rebuild', '-C', 'native', `--nodedir=${headers()}`, '--loglevel=warn', '--jobs=max', ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
if (status !== 0) process.exit(status ?? 1);

const prebuilds = `native/prebuilds/${process.platform}-${process.arch}`;
const built = readdirSync(join(build, 'Release')).filter((name) => name.endsWith('.node'));
if (built.length === 0) process.stdout.write(`nothing to build on ${process.platform}\n`);
else {
  mkdirSync(prebuilds, { recursive: true });
  // Processes may have the old file mapped, and must never see half of the new one.
  for (const name of built) {
    copyFileSync(join(build, 'Release', name), join(prebuilds, `${name}.new`));
    renameSync(join(prebuilds, `${name}.new`), join(prebuilds, name));
  }
}
rmSync(build, { recursive: true, force: true });

/** A folder that node-gyp takes for a Node installation. */
function headers() {
  const given = process.env.npm_config_nodedir;
  if (given) return given;
  const prefix = dirname(dirname(process.execPath));
  if (['common.gypi', 'config.gypi', 'node_api.h'].every((name) => existsSync(join(prefix, 'include/node', name)))) return prefix;
  const made = resolve(build, '../headers');
  const include = join(made, 'include/node');
  rmSync(made, { recursive: true, force: true });
  mkdirSync(include, { recursive: true });
  cpSync(require('node-api-headers').include_dir, include, { recursive: true });
  const [major, minor, patch] = process.versions.node.split('.');
  writeFileSync(join(include, 'node_version.h'), `#define NODE_MAJOR_VERSION ${major}\n#define NODE_MINOR_VERSION ${minor}\n#define NODE_PATCH_VERSION ${patch}\n`);
  const defaults = { cflags: [], default_configuration: 'Release', defines: [], include_dirs: [], libraries: [] };
  writeFileSync(join(include, 'config.gypi'), JSON.stringify({ target_defaults: defaults, variables: { ...process.config.variables, nodedir: made } }));
  writeFileSync(join(include, 'common.gypi'), JSON.stringify({
    target_defaults: {
      default_configuration: 'Release',
      configurations: { Release: { cflags: ['-O2'] }, Debug: { cflags: ['-O0', '-g'] } },
      conditions: [['OS=="linux"', { cflags: ['-fPIC', '-pthread'], cflags_cc: ['-fno-rtti', '-std=gnu++17'], ldflags: ['-pthread'] }]],
    },
  }));
  return made;
}
