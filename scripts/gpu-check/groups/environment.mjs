// SPDX-License-Identifier: Apache-2.0
// What this host has. A part that is missing is no failure of the package: the check is skipped with the reason.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { hostCheck } from '../check.mjs';
import { pythonEnvironment, ROOT } from '../load-package.mjs';

const run = promisify(execFile);
const NVIDIA_SMI_QUERY =
  'name,uuid,driver_version,memory.total,memory.used,clocks.sm,clocks.mem,power.limit,mig.mode.current,ecc.mode.current';
/** Imported one by one; prints what came of each. */
const PYTHON_PROBE = `
import importlib, json, sys
# The folder we are in may hold folders of these names.
sys.path = [path for path in sys.path if path]
found = {"python": sys.version.split()[0], "executable": sys.executable, "modules": {}}
for name in ("tensorrt", "tensorrt_rtx", "tensorrt_rtx_bindings", "tensorrt_lean", "onnxruntime"):
    try:
        found["modules"][name] = getattr(importlib.import_module(name), "__version__", "unknown")
    except BaseException as error:
        found["modules"][name] = None
        found.setdefault("errors", {})[name] = f"{type(error).__name__}: {error}"[:300]
print(json.dumps(found))
`;

/** Looks at everything once; the checks of this group share it, and the report holds it. */
export async function collectEnvironment(api, device) {
  const probe = await api.probe({ isolated: true });
  const [smi, python, trtexec] = await Promise.all([readNvidiaSmi(), probePython(), findTrtexec()]);
  const lean = probe.tensorrt.filter(({ path }) => /nvinfer_lean/.test(path));
  return {
    packageVersion: JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version,
    platform: probe.platform,
    node: { version: process.version, napi: process.versions.napi, execPath: process.execPath },
    host: {
      kernel: release(),
      processor: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      libc: process.report?.getReport().header.glibcVersionRuntime ?? 'unknown',
    },
    addon: probe.addon,
    cuda: probe.cuda,
    driverModule: readText('/proc/driver/nvidia/version'),
    nvidiaSmi: smi,
    gpu: judgeGpu(probe.cuda, device),
    tensorrt: probe.tensorrt.filter((one) => !lean.includes(one)),
    lean,
    onnxRuntime: probe.cpu,
    trtexec,
    python,
    tried: probe.tried,
    advice: probe.advice,
  };
}

/** Whether the wanted device can be used, and which it is. */
function judgeGpu(cuda, device) {
  const ordinal = Number(device.split(':')[1]);
  const found = cuda.devices.find((one) => one.ordinal === ordinal);
  if (cuda.status !== 'ok')
    return { usable: false, device, reason: cuda.reason ?? `the driver says ${cuda.status}` };
  if (!found)
    return { usable: false, device, reason: `the driver has no ${device}: ${cuda.devices.length} devices` };
  return { usable: true, device, reason: null, ...found };
}

function readText(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : null;
}

async function readNvidiaSmi() {
  try {
    const args = [`--query-gpu=${NVIDIA_SMI_QUERY}`, '--format=csv,noheader'];
    const { stdout } = await run('nvidia-smi', args, { timeout: 20_000 });
    const names = NVIDIA_SMI_QUERY.split(',');
    return stdout
      .trim()
      .split('\n')
      .map((line) => Object.fromEntries(line.split(', ').map((value, index) => [names[index], value])));
  } catch {
    return null;
  }
}

async function probePython() {
  const command = process.env.PYTHON ?? 'python3';
  try {
    const options = { timeout: 60_000, env: pythonEnvironment() };
    const { stdout } = await run(command, ['-c', PYTHON_PROBE], options);
    return { command, ...JSON.parse(stdout.trim().split('\n').at(-1)) };
  } catch (error) {
    return { command, python: null, modules: {}, error: error.message.split('\n')[0] };
  }
}

async function findTrtexec() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const places = [...folders, '/usr/src/tensorrt/bin', '/usr/local/tensorrt/bin', join(ROOT, '.sdk', 'bin')];
  const names = ['trtexec', 'tensorrt_rtx'];
  const paths = places.flatMap((folder) => names.map((name) => join(folder, name)));
  return paths.filter((path) => existsSync(path));
}

async function readEnvironment(t) {
  t.environment = await collectEnvironment(t.api, t.device);
  t.settings.environment = t.environment;
  t.note('platform', t.environment.platform);
  t.note('node', t.environment.node.version);
}

async function checkAddon(t) {
  const { addon } = t.host;
  t.expect(addon.available, `the addon cannot be loaded: ${addon.reason}`);
  t.note('path', addon.path);
  t.note('families', addon.families);
}

async function checkDriver(t) {
  const { cuda, driverModule } = t.host;
  if (cuda.status !== 'ok') t.skip(cuda.reason ?? cuda.status);
  t.note('cuda', cuda.driver);
  t.note('module', driverModule);
}

async function checkDevice(t) {
  const { gpu, cuda } = t.host;
  // A driver that works and lacks the device that was asked for is the caller's mistake, not the host's poverty.
  if (cuda.status !== 'ok') t.skip(gpu.reason);
  t.expect(gpu.usable, gpu.reason ?? '');
  t.expect(
    gpu.totalMemoryBytes > 0 && gpu.computeCapability >= 50,
    `the device says nonsense: ${JSON.stringify(gpu)}`,
  );
  t.note('device', gpu);
}

async function checkMemory(t) {
  const { gpu } = t.host;
  if (!gpu.usable) t.skip(gpu.reason);
  const memory = await t.api.deviceMemory(t.device);
  t.note('memory', memory);
  t.expect(
    memory.totalBytes > 0 && memory.freeBytes <= memory.totalBytes,
    'free memory exceeds total memory',
  );
}

async function checkLibraries(t) {
  const { tensorrt } = t.host;
  t.note('libraries', tensorrt);
  const usable = tensorrt.filter((one) => one.usable);
  if (usable.length === 0)
    t.skip(tensorrt.map((one) => one.reason).join('; ') || 'no TensorRT library was found');
}

async function checkLean(t) {
  const { lean } = t.host;
  t.note('libraries', lean);
  if (lean.length === 0) t.skip('no libnvinfer_lean was found');
}

async function checkOnnxRuntime(t) {
  const { onnxRuntime } = t.host;
  if (!onnxRuntime.available) t.skip(onnxRuntime.reason ?? 'not found');
  t.note('version', onnxRuntime.version);
}

async function checkPeers(t) {
  const { python, trtexec } = t.host;
  t.note('python', python);
  t.note('trtexec', trtexec);
  const modules = ['tensorrt', 'tensorrt_rtx', 'tensorrt_rtx_bindings'];
  const isThere = modules.some((name) => python.modules[name]) || trtexec.length > 0;
  if (!isThere)
    t.skip('neither the official Python API nor trtexec is installed: nothing to compare times with');
}

export const environment = {
  name: 'environment',
  title: 'What this host has',
  needs: 'nothing',
  checks: [
    hostCheck('read', 'the host can be looked at', readEnvironment, { limitSeconds: 300 }),
    hostCheck('addon', 'the addon loads', checkAddon),
    hostCheck('driver', 'the NVIDIA driver works', checkDriver),
    hostCheck('device', 'the device is there', checkDevice),
    hostCheck('memory', 'the device tells its free memory', checkMemory),
    hostCheck('libraries', 'a TensorRT library is usable', checkLibraries),
    hostCheck('lean', 'a lean library is there', checkLean),
    hostCheck('onnxruntime', 'ONNX Runtime is there', checkOnnxRuntime),
    hostCheck('peers', 'the official API or trtexec is there', checkPeers),
  ],
};
