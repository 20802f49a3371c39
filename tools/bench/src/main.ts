import { bench } from './bench.ts';

process.exitCode = await bench(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
