// Run as a process: `[path of a fake libcuda [name number]...]`. Prints what the probe says, as JSON.
import { Registry } from '@sluice/core';
import { cuda } from '../src/plugin.ts';
import type { Fake } from './fake.ts';

const [library, ...settings] = process.argv.slice(2);
if (library !== undefined) {
  const loaded = { exports: {} };
  process.dlopen(loaded, library);
  const fake = loaded.exports as Fake;
  for (let i = 0; i < settings.length; i += 2) {
    const [name = '', value = '0'] = settings.slice(i);
    if (name.startsWith('cu')) fake.fail(name, Number(value), 0, false);
    else fake.set(name, Number(value));
  }
}
console.log(JSON.stringify(await new Registry().with(cuda()).backends.get('cuda')?.probe()));
