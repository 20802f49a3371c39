// Compares the public declarations of every entry of every library with its checked-in report, `etc/*.api.md`, so that a
// change to the public API is seen in review. `--update` rewrites the reports.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { publicPackages } from './workspace.mjs';

const quiet = { default: { logLevel: ExtractorLogLevel.None } };
const update = process.argv.includes('--update');
const scratch = mkdtempSync(join(tmpdir(), 'sluice-api-'));
let changed = 0;
try {
  for (const { folder, manifest } of publicPackages) {
    for (const [entry, { types }] of Object.entries(manifest.exports ?? {})) {
      if (types === undefined) continue;
      const name = manifest.name + entry.slice(1);
      const file = `${name.replace('@sluice/', '').replaceAll('/', '-')}.api.md`;
      settle(name, join(folder, 'etc', file), extract(folder, join(folder, types), file));
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
if (changed > 0 && !update) {
  process.stdout.write('The public API is not as reported. If that is meant: npm run api:update, and commit the reports.\n');
  process.exitCode = 1;
}

/** Says whether the report stands; otherwise shows the difference or, to update, writes the new one. */
function settle(name, checkedIn, fresh) {
  const before = existsSync(checkedIn) ? readFileSync(checkedIn, 'utf8') : '';
  const after = readFileSync(fresh, 'utf8');
  if (before === after) {
    process.stdout.write(`${name}: as reported\n`);
    return;
  }
  changed++;
  if (update) {
    mkdirSync(dirname(checkedIn), { recursive: true });
    writeFileSync(checkedIn, after);
    process.stdout.write(`${name}: report rewritten\n`);
  } else if (before === '') process.stdout.write(`${name}: has no report\n`);
  else {
    const { stdout } = spawnSync('git', ['diff', '--no-index', '--no-color', checkedIn, fresh], { encoding: 'utf8' });
    process.stdout.write(`${name}: differs from its report\n${stdout}`);
  }
}

/** Writes the report of one entry into the scratch folder; gives its path. */
function extract(folder, entry, file) {
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: entry,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'ES2022', module: 'NodeNext', lib: ['ES2023', 'ESNext.Disposable'], types: ['node'], strict: true, skipLibCheck: true,
          },
          files: [entry],
        },
      },
      apiReport: { enabled: true, reportFileName: file, reportFolder: scratch, reportTempFolder: join(scratch, 'temp') },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: { extractorMessageReporting: quiet, tsdocMessageReporting: quiet },
    },
  });
  mkdirSync(join(scratch, 'temp'), { recursive: true });
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true, // the comparison is made above
    messageCallback: (message) => {
      message.handled = message.logLevel !== ExtractorLogLevel.Error;
    },
  });
  if (!succeeded) throw new Error(`api-extractor failed on ${entry}`);
  return join(scratch, file);
}
