// The process that runs one tenant's Actions. It never runs their code itself: threads do (`worker.mjs`), so that this
// one can always stop them.
//
// Speaks lines of JSON. In: `{id, limitMs, actions, event, ...}`, the Actions of one trigger in their order. Out, in any
// order: `{id, steps, effects, stopped}`, one step for each Action that began. Ends when its input does.
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';

const MOST_THREADS = 8;
const MEGABYTES_PER_THREAD = 256;
const CONSOLE_CHARACTERS = 4_000;
const OVERTIME = 'Request to Webtask exceeded allowed execution time';

const waiting = [];
const idle = [];
let threads = 0;
let stuck = 0;

// One job on its way, from its arrival to its answer.
class Job {
  constructor(message) {
    this.message = message;
    this.arrived = performance.now();
    this.steps = [];
    this.answered = false;
    this.timer = setTimeout(() => this.stop('timeout', OVERTIME), message.limitMs);
  }

  note({ kind, index, text, error }) {
    if (kind === 'begin') this.steps.push({ index, startedMs: this.elapsed(), endedMs: null, console: '', error: null });
    const step = this.steps.at(-1);
    if (kind === 'log' && step.console.length < CONSOLE_CHARACTERS) {
      step.console = `${step.console}${text}\n`.slice(0, CONSOLE_CHARACTERS);
    }
    if (kind === 'end') Object.assign(step, { endedMs: this.elapsed(), error: error ?? null });
  }

  // End the job, and the thread that cannot be trusted to end by itself.
  stop(id, msg) {
    const isBetween = this.steps.length === 0 || this.steps.at(-1).endedMs !== null;
    if (isBetween && this.steps.length < this.message.actions.length) {
      this.note({ kind: 'begin', index: this.steps.length });
    }
    this.note({ kind: 'end', error: { id, msg } });
    this.answer({ effects: null, stopped: null });
    this.thread?.kill();
  }

  answer(result) {
    if (this.answered) return;
    this.answered = true;
    clearTimeout(this.timer);
    process.stdout.write(`${JSON.stringify({ id: this.message.id, steps: this.steps, ...result })}\n`);
  }

  elapsed() {
    return performance.now() - this.arrived;
  }
}

// A thread with whatever it keeps between jobs; it runs one at a time.
class Thread {
  constructor() {
    threads += 1;
    this.dead = false;
    this.worker = new Worker(new URL('./worker.mjs', import.meta.url), {
      stdout: true,
      stderr: true,
      resourceLimits: { maxOldGenerationSizeMb: MEGABYTES_PER_THREAD },
    });
    // Read and dropped: what an Action writes there must not reach this process's own output.
    this.worker.stdout.resume();
    this.worker.stderr.resume();
    this.worker.on('message', (message) => this.receive(message));
    this.worker.on('error', (error) => this.job?.stop('error', error?.message ?? String(error)));
    this.worker.on('exit', () => this.ended());
  }

  take(job) {
    this.job = job;
    job.thread = this;
    this.worker.postMessage(job.message);
  }

  receive(message) {
    // What a thread had still to say when it was stopped.
    if (this.dead) return;
    if (message.kind !== 'done') {
      this.job?.note(message);
      return;
    }
    this.job?.answer({ effects: message.effects, stopped: message.stopped });
    this.job = null;
    idle.push(this);
    dispatch();
  }

  // A thread that waits for the operating system, not for JavaScript, does not end at once; it no longer counts.
  kill() {
    this.job = null;
    this.dead = true;
    threads -= 1;
    stuck += 1;
    this.worker.terminate();
    dispatch();
  }

  ended() {
    if (this.dead) stuck -= 1;
    else threads -= 1;
    const place = idle.indexOf(this);
    if (place >= 0) idle.splice(place, 1);
    const job = this.job;
    this.job = null;
    this.dead = true;
    if (job) {
      job.thread = null;
      job.stop('exit', 'The Action ended its own process');
    }
    dispatch();
  }
}

function dispatch() {
  while (waiting.length > 0) {
    if (waiting[0].answered) {
      waiting.shift();
    } else if (idle.length > 0 || threads < MOST_THREADS) {
      (idle.pop() ?? new Thread()).take(waiting.shift());
    } else {
      return;
    }
  }
  // With nothing left to do, threads that cannot be ended go with the process; the tenant starts another one.
  if (stuck > MOST_THREADS && idle.length === threads) process.exit(0);
}

idle.push(new Thread());
const input = createInterface({ input: process.stdin });
input.on('line', (line) => {
  waiting.push(new Job(JSON.parse(line)));
  dispatch();
});
input.on('close', () => process.exit(0));
