// One thread that runs the Actions of one trigger, one after the other, until one of them stops the rest.
import { format } from 'node:util';
import { parentPort } from 'node:worker_threads';
import { makeApi } from './api.mjs';
import { Effects } from './effects.mjs';
import { loadAction } from './modules.mjs';

// What an Action sees as `console`, for as long as it runs and in whatever it leaves behind.
const captured = Object.fromEntries(
  ['debug', 'error', 'info', 'log', 'trace', 'warn'].map((name) => [
    name,
    (...values) => parentPort.postMessage({ kind: 'log', text: format(...values) }),
  ]),
);
const actionConsole = Object.assign(Object.create(console), captured);

parentPort.on('message', async (job) => {
  const effects = new Effects(job);
  let stopped = null;
  for (const [index, action] of job.actions.entries()) {
    parentPort.postMessage({ kind: 'begin', index });
    const error = await execute(job, action, index, effects);
    parentPort.postMessage({ kind: 'end', index, error });
    if (error !== null) {
      parentPort.postMessage({ kind: 'done', effects: null, stopped: null });
      return;
    }
    if (effects.stopsAfterAction()) {
      stopped = index;
      break;
    }
  }
  parentPort.postMessage({ kind: 'done', effects: effects.toJSON(), stopped });
});

// Run one Action and return what it threw, or null.
async function execute(job, action, index, effects) {
  try {
    const exported = loadAction(action, actionConsole);
    const name = job.resumes && index === 0 ? job.continueHandler : job.handler;
    if (typeof exported[name] !== 'function') throw new Error(`The Action does not export a function ${name}`);
    const event = effects.eventFor(action);
    await exported[name](event, makeApi(job, event, effects));
    // Effects leave this thread as JSON, and what cannot be written as JSON is this Action's mistake.
    effects.toJSON();
    return null;
  } catch (error) {
    return { id: error?.name ?? 'Error', msg: error?.message ?? String(error) };
  }
}
