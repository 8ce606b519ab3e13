// SPDX-License-Identifier: Apache-2.0
import { familyCheck } from '../check.mjs';
import { MODELS } from '../models.mjs';

async function repeat(t, session, model, batches) {
  for (const [index, batch] of batches.entries()) {
    const feeds = MODELS[model].feeds(batch, index);
    t.expectOutputs(model, feeds, await session.run(feeds), `run ${index} of size ${batch}`);
  }
}

/** Counters of a session's graphs. */
const graphs = (session) => session.statistics().cudaGraph;

async function capturesByItself(t) {
  const session = await t.session('mlp');
  await repeat(t, session, 'mlp', [8, 8, 8, 8, 8, 8]);
  const counters = graphs(session);
  t.note('counters', counters);
  t.expect(counters.captures >= 1, `no run was captured: ${JSON.stringify(counters)}`);
  t.expect(counters.launches >= 3, `graphs were not launched: ${JSON.stringify(counters)}`);
}

/** The same inputs through sessions with and without graphs: the same bits, or nearly. */
async function sameResults(t) {
  const [on, off] = [
    await t.session('conv', { cudaGraph: 'on' }),
    await t.session('conv', { cudaGraph: 'off' }),
  ];
  for (let round = 0; round < t.times(50, 10); round++) {
    const feeds = MODELS.conv.feeds(2, round);
    const [{ y: left }, { y: right }] = await Promise.all([on.run(feeds), off.run(feeds)]);
    t.expectClose(left, { data: right.data, tolerance: 1e-6 }, `round ${round}`);
  }
  t.expectEqual(graphs(off).launches, 0, "launches with cudaGraph 'off'");
  t.expect(graphs(on).launches > 0, "no launches with cudaGraph 'on'");
  t.note('counters', graphs(on));
}

async function evictsOldest(t) {
  const session = await t.session('add', { cudaGraphLimit: 2 });
  const batches = [1, 4, 7, 32].flatMap((batch) => [batch, batch, batch]);
  await repeat(t, session, 'add', [...batches, ...batches]);
  const counters = graphs(session);
  t.note('counters', counters);
  t.expect(
    counters.evictions >= 2,
    `expected evictions with 4 shapes and room for 2: ${JSON.stringify(counters)}`,
  );
}

async function launchesBinding(t) {
  const session = await t.session('mlp', { cudaGraph: 'on' });
  const io = t.own(await session.createBinding({ x: [8, 64] }));
  for (let round = 0; round < 10; round++) {
    const feeds = MODELS.mlp.feeds(8, round);
    io.inputs.x.set(feeds.x.data);
    await io.run();
    const y = { data: io.outputs.y, type: 'float32', dims: io.dims.outputs.y };
    t.expectOutputs('mlp', feeds, { y }, `round ${round}`);
  }
  t.note('counters', graphs(session));
  t.expect(graphs(session).launches > 0, 'the binding was not launched as a graph');
}

/** Outputs of unknown size cannot be captured: 'auto' goes on without, 'on' says so. */
async function refusesUnknownSizes(t) {
  const auto = await t.session('nonzero');
  await repeat(t, auto, 'nonzero', [4, 4, 4]);
  t.expectEqual(graphs(auto).launches, 0, "launches with cudaGraph 'auto'");
  const feeds = MODELS.nonzero.feeds(4, 1);
  const error = await t.expectError('ERR_TRT_RUN_GRAPH', async () => {
    const on = await t.session('nonzero', { cudaGraph: 'on' });
    for (let round = 0; round < 3; round++) await on.run(feeds);
  });
  t.note('message', error.message);
}

/** Contexts capture at the same time while others run, allocate and upload. */
async function capturesAmongOthers(t) {
  const sessions = await Promise.all(['mlp', 'add', 'topk'].map((name) => t.session(name, { contexts: 3 })));
  const names = ['mlp', 'add', 'topk'];
  const rounds = t.times(20, 4);
  for (let round = 0; round < rounds; round++) {
    const calls = names.flatMap((name, index) =>
      MODELS[name].sizes.map(async (size) => {
        const feeds = MODELS[name].feeds(size, round);
        t.expectOutputs(name, feeds, await sessions[index].run(feeds), `${name} of size ${size}`);
      }),
    );
    const data = MODELS.add.feeds(32, round).a;
    calls.push(
      t.api.uploadTensor({ type: 'float32', ...data }, { device: t.device }).then((one) => one.close()),
    );
    await Promise.all(calls);
  }
  const failures = sessions.map((session) => graphs(session).failures);
  t.note('counters', sessions.map(graphs));
  t.note('rounds', rounds);
  const isClean = failures.every((one) => (Array.isArray(one) ? one.length === 0 : !one));
  t.expect(isClean, `captures failed: ${JSON.stringify(failures)}`);
}

export const cudaGraphs = {
  name: 'cuda-graphs',
  title: 'CUDA graphs',
  needs: 'gpu',
  checks: [
    familyCheck('auto', "'auto' captures a shape that comes again", capturesByItself),
    familyCheck('same-results', 'the same results with and without', sameResults),
    familyCheck('limit', 'the oldest graphs go when there are too many', evictsOldest),
    familyCheck('binding', 'a binding is one graph', launchesBinding),
    familyCheck('not-capturable', 'an output of unknown size is not captured', refusesUnknownSizes),
    familyCheck('at-once', 'captures disturb no other work', capturesAmongOthers),
  ],
};
