// SPDX-License-Identifier: Apache-2.0
// What goes wrong is a typed error that says why, and the session works on afterwards.
import { familyCheck, hostCheck } from '../check.mjs';
import { MODELS, randomTensor } from '../models.mjs';

async function stillWorks(t, session, model = 'mlp') {
  const feeds = MODELS[model].feeds(MODELS[model].sizes[0], 3);
  t.expectOutputs(model, feeds, await session.run(feeds), 'afterwards');
}

/** Expects an error, and keeps its words for the report. */
async function refused(t, what, codes, action) {
  const error = await t.expectError(codes, action);
  t.note(what, `${error.code}: ${error.message}`);
  return error;
}

async function fillQueue(t) {
  const session = await t.session('heavy', { maxQueue: 2 });
  const feeds = { x: randomTensor([512, 1024], 1) };
  const calls = Array.from({ length: 32 }, () => session.run(feeds));
  const settled = await Promise.allSettled(calls);
  const codes = settled.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.code);
  t.note('refused', codes.length);
  t.expect(codes.length > 0, '32 calls fit into a queue of 2');
  t.expectEqual([...new Set(codes)], ['ERR_TRT_RUN_QUEUE_FULL'], 'codes');
  await session.run(feeds);
}

async function abortWaiting(t) {
  const session = await t.session('heavy');
  const feeds = { x: randomTensor([512, 1024], 1) };
  const controller = new AbortController();
  const first = session.run(feeds);
  const waiting = Array.from({ length: 8 }, () => session.run(feeds, { signal: controller.signal }));
  controller.abort();
  const settled = await Promise.allSettled(waiting);
  const codes = new Set(settled.map(({ status, reason }) => (status === 'rejected' ? reason.code : status)));
  t.note('outcomes', [...codes]);
  t.expect(codes.has('ERR_TRT_RUN_ABORTED'), 'no call was aborted');
  await first;
  await session.run(feeds);
}

async function wrongInputs(t) {
  const session = await t.session('mlp');
  const x = randomTensor([8, 64], 1);
  await refused(t, 'missing', 'ERR_TRT_RUN_INPUT_MISSING', () => session.run({}));
  await refused(t, 'name', 'ERR_TRT_RUN_INPUT_NAME', () => session.run({ x, y: x }));
  await refused(t, 'type', 'ERR_TRT_RUN_INPUT_TYPE', () => session.run({ x: new Int32Array(512) }));
  await refused(t, 'size', 'ERR_TRT_RUN_INPUT_SIZE', () => session.run({ x: { ...x, dims: [7, 64] } }));
  await refused(t, 'rank', 'ERR_TRT_RUN_INPUT_SHAPE', () => session.run({ x: { ...x, dims: [512] } }));
  await refused(t, 'profile', 'ERR_TRT_RUN_PROFILE', () => session.run({ x: randomTensor([65, 64], 1) }));
  await refused(t, 'output', 'ERR_TRT_RUN_OUTPUT_NAME', () => session.run({ x }, { outputs: ['z'] }));
  await refused(t, 'binding', /^ERR_TRT_RUN_(PROFILE|INPUT_SHAPE)$/, () =>
    session.createBinding({ x: [65, 64] }),
  );
  await stillWorks(t, session);
}

async function outOfPinnedMemory(t) {
  const session = await t.session('heavy', { pinnedMemoryBytes: 64 * 1024 });
  const error = await refused(t, 'pinned', 'ERR_TRT_RUN_MEMORY_LIMIT', () =>
    session.run({ x: randomTensor([512, 1024], 1) }),
  );
  t.note('details', error.details);
  await session.run({ x: randomTensor([1, 1024], 1) });
}

/** Uploads until the device is full; then everything is given back: to be used again at once, and to others in the end. */
async function outOfDeviceMemory(t) {
  const { freeBytes, totalBytes } = await t.api.deviceMemory(t.device);
  if (freeBytes < 0.8 * totalBytes) t.skip('others use this GPU: filling its memory would hurt them');
  if (t.settings.quick && totalBytes > 32 * 2 ** 30) t.skip('takes long on a GPU of this size (--quick)');
  const elements = Math.min(2 ** 29, Math.ceil(totalBytes / 64));
  const data = { type: 'float32', data: new Float32Array(elements), dims: [elements] };
  const upload = () => t.api.uploadTensor(data, { device: t.device });
  const session = await t.session('mlp');
  const kept = [];
  const error = await refused(t, 'device', 'ERR_TRT_CUDA_OUT_OF_MEMORY', async () => {
    for (let index = 0; index < 1000; index++) kept.push(await upload());
  });
  t.note('details', error.details);
  await stillWorks(t, session);
  for (const tensor of kept.splice(0)) tensor.close();
  await fillsAgain(t, upload, () => stillWorks(t, session));
  await session.close();
  // While a session is open, what was freed may wait in a pool of this process for its next use.
  const after = await t.api.deviceMemory(t.device);
  t.note('freeBytes', { before: freeBytes, after: after.freeBytes });
  t.expect(after.freeBytes > 0.8 * freeBytes, 'the memory did not come back');
  await stillWorks(t, await t.session('mlp'));
}

/** Memory is freed in the order of the device's work: it may take some runs until it can be had again. */
async function fillsAgain(t, upload, run) {
  for (let tries = 1; ; tries++) {
    try {
      (await upload()).close();
      return t.note('triesToUploadAgain', tries);
    } catch (error) {
      if (error.code !== 'ERR_TRT_CUDA_OUT_OF_MEMORY' || tries === 10) throw error;
    }
    await run();
  }
}

async function busyBinding(t) {
  const session = await t.session('heavy');
  const io = t.own(await session.createBinding({ x: [512, 1024] }));
  const running = io.run();
  await refused(t, 'busy', 'ERR_TRT_RUN_BUSY', () => io.runSync());
  await Promise.all([running, io.run(), io.run()]);
  io.runSync();
}

async function closedThings(t) {
  const x = t.own(
    await t.api.uploadTensor({ type: 'float32', ...randomTensor([8, 64], 1) }, { device: t.device }),
  );
  const session = await t.session('mlp');
  const io = await session.createBinding({ x: [8, 64] });
  const running = session.run({ x });
  x.close();
  await running;
  await refused(t, 'tensor', 'ERR_TRT_RUN_DEVICE_TENSOR', () => session.run({ x }));
  await refused(t, 'download', /^ERR_TRT_RUN_(DEVICE_TENSOR|CLOSED)$/, () => x.toTensor());
  await session.close();
  await refused(t, 'session', 'ERR_TRT_RUN_CLOSED', () => session.run({ x: randomTensor([8, 64], 1) }));
  await refused(t, 'binding', 'ERR_TRT_RUN_CLOSED', () => io.run());
}

async function damagedPlans(t) {
  const whole = await (await t.engine('mlp')).data();
  const open = (bytes) => t.openSession(bytes);
  await refused(t, 'half', /^ERR_TRT_LOAD_/, () => open(whole.slice(0, whole.length >> 1)));
  await refused(t, 'text', /^ERR_TRT_/, () => open(new TextEncoder().encode('not an engine')));
  const session = t.own(await open(whole));
  await stillWorks(t, session);
}

/** The last check of its group: a library may not survive reading this. */
async function flippedPlan(t) {
  const flipped = Uint8Array.from(await (await t.engine('mlp')).data());
  for (let index = 128; index < flipped.length; index += 97) flipped[index] ^= 0x5a;
  await refused(t, 'flipped', /^ERR_TRT_/, async () => t.own(await t.openSession(flipped)));
}

async function wrongDevice(t) {
  await refused(t, 'device', /^ERR_TRT_(RUN_DEVICE|CUDA_)/, () => t.session('mlp', { device: 'cuda:99' }));
  await refused(t, 'profile', /^ERR_TRT_/, () => t.session('mlp', { profile: 9 }));
}

async function wrongUploads(t) {
  const { uploadTensor } = t.api;
  const { device } = t;
  const data = new Float32Array(4);
  await refused(t, 'size', /^ERR_TRT_/, () => uploadTensor({ type: 'float32', data, dims: [5] }, { device }));
  await refused(t, 'type', /^ERR_TRT_/, () => uploadTensor({ type: 'int64', data, dims: [4] }, { device }));
  await refused(t, 'device', /^ERR_TRT_/, () =>
    uploadTensor({ type: 'float32', data, dims: [4] }, { device: 'cuda:99' }),
  );
  await refused(t, 'memory of no device', /^ERR_TRT_/, () => t.api.deviceMemory('cuda:99'));
}

export const limits = {
  name: 'limits',
  title: 'Limits and errors',
  needs: 'gpu',
  checks: [
    familyCheck('queue-full', 'a full queue refuses', fillQueue),
    familyCheck('abort', 'waiting calls are aborted', abortWaiting),
    familyCheck('inputs', 'wrong inputs are named', wrongInputs),
    familyCheck('pinned-memory', 'the limit of page-locked memory holds', outOfPinnedMemory),
    familyCheck('busy', 'a binding that runs refuses runSync()', busyBinding),
    familyCheck('closed', 'what is closed says so', closedThings),
    familyCheck('device', 'devices and profiles that are not there', wrongDevice),
    hostCheck('uploads', 'wrong uploads are refused', wrongUploads),
    familyCheck('device-memory', 'a full device is an error, and recovers', outOfDeviceMemory, {
      limitSeconds: 600,
    }),
    familyCheck('damaged', 'plans that are cut short, or none, are refused', damagedPlans),
    familyCheck(
      'flipped',
      'a plan with wrong bytes is refused (a crash here is TensorRT’s own)',
      flippedPlan,
    ),
  ],
};
