import { expect, test } from 'vitest';
import { Commands } from './commands.ts';
import { Health } from './health.ts';

/** A device that answers submissions when it is told to, and counts those that it has not. */
function deviceByHand() {
  const unanswered: (() => void)[] = [];
  let most = 0;
  const encoder = { clearBuffer: () => {}, finish: () => ({}) };
  const device = {
    createBuffer: () => ({}), createCommandEncoder: () => encoder, pushErrorScope: () => {}, popErrorScope: async () => null,
    addEventListener: () => {}, lost: new Promise(() => {}),
    queue: {
      writeBuffer: () => {},
      submit: () => {},
      onSubmittedWorkDone: () => new Promise<void>((resolve) => {
        unanswered.push(resolve);
        most = Math.max(most, unanswered.length);
      }),
    },
  } as unknown as GPUDevice;
  return { device, answer: () => unanswered.shift()?.(), most: () => most };
}
const turn = () => new Promise<void>((resolve) => void setTimeout(resolve, 0));

test('those who wait for room are let in as long as there is some, and all in the end', async () => {
  const { device, answer, most } = deviceByHand();
  const commands = new Commands(device, new Health(device));
  const signal = new AbortController().signal;
  const encode = () => commands.copies(signal).clearBuffer(commands.records);
  const full = () => commands.room() !== undefined;
  while (!full()) {
    encode();
    commands.flush();
  }
  const inFlight = most();
  let encoded = 0;
  const waiting = Array.from({ length: 2000 }, async () => {
    await commands.room();
    encode();
    encoded++;
  });
  await turn();
  expect(encoded).toBe(0);
  answer();
  await turn();
  expect(encoded).toBeGreaterThan(0);
  expect(encoded).toBeLessThan(1000);
  for (let i = 0; i < 100; i++) {
    answer();
    await turn();
  }
  await Promise.all(waiting);
  expect(encoded).toBe(2000);
  // One more than there is room for: the last one was let in with commands that nobody had submitted yet.
  expect(most()).toBeLessThanOrEqual(inFlight + 1);
  while (full()) {
    answer();
    await turn();
  }
});
