import { scenarios } from './application.js';

globalThis.inPage = (name, ...args) => scenarios[name](...args);
globalThis.inWorker = (name, ...args) => new Promise((resolve, reject) => {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  worker.addEventListener('error', (event) => reject(new Error(event.message)));
  worker.addEventListener('message', ({ data }) => {
    worker.terminate();
    if (data.error === undefined) resolve(data.value);
    else reject(new Error(data.error));
  });
  worker.postMessage({ name, args }, []);
});
