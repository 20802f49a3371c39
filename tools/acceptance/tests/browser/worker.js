import { scenarios } from './application.js';

async function answer(name, args) {
  try {
    return { value: await scenarios[name](...args) };
  } catch (error) {
    return { error: `${error.code ?? ''} ${error.stack}` };
  }
}

addEventListener('message', ({ data: { name, args } }) => {
  void answer(name, args).then((message) => postMessage(message));
});
