// SPDX-License-Identifier: Apache-2.0
// Questions that only hardware answers. An answer of "no" with its exact error is as good a fact as a "yes": nothing
// here fails but `runs`, on which all other checks of its family rest.
import { familyCheck, SkippedCheck } from '../check.mjs';
import { MODELS } from '../models.mjs';
import { describeError } from '../plain.mjs';

/** TensorRT's ways to say that a GPU is not among those it is made for. */
const NOT_THIS_GPU =
  /compute capability|not supported on (this|the current) (gpu|device|platform)|target sm|unsupported sm/i;

/** What came of an action: `{ answer: 'yes' }`, or 'no' with the error. */
async function answerOf(action) {
  try {
    return { answer: 'yes', ...(await action()) };
  } catch (error) {
    if (error instanceof SkippedCheck) throw error;
    return { answer: 'no', error: describeError(error) };
  }
}

/** Builds, loads and runs the smallest model. */
async function runSmallest(t, options = {}) {
  const engine = await t.build('add', options);
  await runAdd(t, engine);
  return { bytes: engine.bytes, buildMs: engine.report().buildMs };
}

async function runAdd(t, engine) {
  const session = t.own(await t.openSession(engine));
  const feeds = MODELS.add.feeds(4, 1);
  t.expectOutputs('add', feeds, await session.run(feeds), 'the first run');
}

async function runs(t) {
  const given = t.givenEngine('add');
  try {
    if (given !== undefined) return await runAdd(t, await t.engine('add'));
    t.note('default', await runSmallest(t));
  } catch (error) {
    const described = describeError(error);
    const text = [described.message, ...(described.log ?? [])].join('\n');
    if (!NOT_THIS_GPU.test(text)) throw error;
    t.note('error', described);
    t.skip(
      `${t.library.family} ${t.library.version} does not take this GPU: ${described.code}: ${described.message}`,
    );
  }
}

async function targets(t) {
  const capability = t.host.gpu.computeCapability;
  for (const target of ['current', capability, 80, 89]) {
    const computeCapabilities = [target];
    t.note(`built for ${target}`, await answerOf(() => runSmallest(t, { computeCapabilities })));
  }
}

async function builds(t, name) {
  const outcome = await answerOf(async () => {
    const engine = await t.build(name);
    return { bytes: engine.bytes, buildMs: engine.report().buildMs, warnings: engine.report().warnings };
  });
  t.note('builds', outcome);
}

async function threads(t) {
  const times = [];
  for (const count of [1, 2]) {
    const started = performance.now();
    await Promise.all(Array.from({ length: count }, () => t.build('mlp', { isolation: 'thread' })));
    times.push(performance.now() - started);
  }
  t.note('milliseconds of one and of two builds at once on threads', times);
}

const RTX = { families: ['tensorrt-rtx'], limitSeconds: 300 };

export const facts = {
  name: 'facts',
  title: 'Facts that only hardware tells',
  needs: 'gpu',
  checks: [
    familyCheck('runs', 'the family runs a model on this GPU, built here unless given', runs, {
      limitSeconds: 300,
    }),
    familyCheck('targets', 'which compute capabilities can be named, and run here', targets, RTX),
    familyCheck('refit', 'whether a refittable engine builds', (t) => builds(t, 'linear-refit'), RTX),
    familyCheck(
      'streaming',
      'whether a weight-streaming engine builds',
      (t) => builds(t, 'heavy-streaming'),
      RTX,
    ),
    familyCheck('parallel-builds', 'whether builds on threads run at the same time', threads),
  ],
};
