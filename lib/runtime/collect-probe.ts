// SPDX-License-Identifier: Apache-2.0
// Looking at everything a machine has, in this process. Nothing here throws: what fails becomes a reason.

import { checkAddon, type AddonCheck } from '../binding/addon-check';
import { explainCrash } from '../binding/explain-load';
import { inspectAddon } from '../binding/inspect-addon';
import { addonFile, isAddonLoaded, loadAddon } from '../binding/load';
import { loadError, type AddonFailureCause, type AddonFile } from '../binding/load-failure';
import { TensorRTError } from '../errors';
import { hasUsableGpu } from './cuda-status';
import { driverLibrary } from './driver-library';
import { FAMILY_NAMES, formatCudaVersion, formatLibraryVersion } from './library-version';
import { currentPlaces, locateTensorRt, type SearchPlaces, type TriedPath } from './locate-tensorrt';
import { cpuRuntimeCommand } from './cpu-runtime-advice';
import { probeCpuRuntime } from './probe-cpu';
import type { AddonReport, CpuReport, CudaReport, ProbeReport, TensorRtReport } from './probe-report';
import { examineLibrary, type ExaminedLibrary, type SelectionContext } from './select-library';

/** What {@link collectProbe} needs from outside; tests replace parts. */
export interface ProbeContext {
  loadAddon(): SelectionContext['addon'] & {
    buildInfo: { version: string; families: AddonReport['families'] };
  };
  addonFile(): AddonFile;
  /** Opens the addon in a child process before it is opened in this one. */
  checkAddon?(file: AddonFile): Promise<AddonCheck>;
  places: SearchPlaces;
  probeCpu(): Promise<CpuReport>;
  /** The CUDA driver to ask; default: the system's. */
  driverLibrary?: string;
  /** Called before a library is opened, so that a crash has a culprit. */
  beforeOpening?(path: string): Promise<void>;
  /** Libraries that crashed an earlier attempt, with what happened; they are not opened. */
  crashed?: Readonly<Record<string, string>>;
}

/** This machine. */
export function currentProbeContext(): ProbeContext {
  return {
    loadAddon,
    addonFile,
    checkAddon: checkUnlessLoaded,
    places: currentPlaces(),
    probeCpu: probeCpuRuntime,
    driverLibrary: driverLibrary(),
  };
}

/**
 * What this process has open already, it survived. In Electron a child process may be the application itself, started
 * once more: its fuses decide.
 */
async function checkUnlessLoaded(file: AddonFile): Promise<AddonCheck> {
  if (process.versions.electron !== undefined) return { outcome: 'unknown' };
  if (isAddonLoaded()) return { outcome: 'survives' };
  // What its head tells is told better by loadAddon().
  return inspectAddon(file, process) ? { outcome: 'unknown' } : checkAddon(file.path);
}

/** The name under which the driver is reported to {@link ProbeContext.beforeOpening}. */
export const DRIVER_NAME = 'libcuda.so.1';

/** The name under which ONNX Runtime is reported to {@link ProbeContext.beforeOpening}. */
export const CPU_NAME = 'libonnxruntime';

/** Opens addon, driver, TensorRT libraries and CPU runtime and says what each is. */
export async function collectProbe(
  libraryPath: string | undefined,
  context: ProbeContext,
): Promise<ProbeReport> {
  const { addon, native } = await probeAddon(context);
  const cuda = await probeCuda(native, context);
  const { tensorrt, tried } = await probeLibraries(libraryPath, native, cuda, context);
  const cpu = await probeCpu(native, context);
  const report = {
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    addon,
    cuda,
    tensorrt,
    cpu,
    advice: [] as string[],
    tried,
  };
  report.advice = adviseOn(report);
  return report;
}

type Native = SelectionContext['addon'] | null;

async function probeAddon(context: ProbeContext): Promise<{ addon: AddonReport; native: Native }> {
  const none: AddonReport = {
    available: false,
    path: null,
    origin: null,
    version: null,
    families: [],
    reason: null,
    cause: null,
    hint: null,
    tried: [],
  };
  let file: AddonFile | undefined;
  try {
    file = context.addonFile();
    const check = await context.checkAddon?.(file);
    if (check?.outcome === 'crashes') throw loadError(explainCrash(file, check.end), []);
    const native = context.loadAddon();
    const { version, families } = native.buildInfo;
    return { addon: { ...none, ...file, available: true, version, families }, native };
  } catch (error) {
    return { addon: { ...none, ...file, ...failureOf(error) }, native: null };
  }
}

function failureOf(error: unknown): Pick<AddonReport, 'reason' | 'cause' | 'hint' | 'tried'> {
  const reason = messageOf(error);
  if (!(error instanceof TensorRTError)) return { reason, cause: null, hint: null, tried: [] };
  const { cause, tried } = error.details as { cause?: AddonFailureCause; tried?: TriedPath[] };
  return { reason, cause: cause ?? null, hint: error.hint, tried: tried ?? [] };
}

async function probeCuda(native: Native, context: ProbeContext): Promise<CudaReport> {
  const unknown: CudaReport = { driver: null, status: 'unknown', path: null, reason: null, devices: [] };
  const why = native ? context.crashed?.[DRIVER_NAME] : 'the addon is not available';
  if (!native || why !== undefined) return { ...unknown, reason: why ?? null };
  await context.beforeOpening?.(DRIVER_NAME);
  const report = await native.probeCuda(context.driverLibrary);
  return {
    driver: report.driverVersion > 0 ? formatCudaVersion(report.driverVersion) : null,
    status: report.status,
    path: report.status === 'not-found' ? null : report.path || null,
    reason: hasUsableGpu(report) ? null : report.message || 'no GPU is visible',
    devices: report.devices,
  };
}

async function probeLibraries(
  libraryPath: string | undefined,
  native: Native,
  cuda: CudaReport,
  context: ProbeContext,
): Promise<{ tensorrt: TensorRtReport[]; tried: TriedPath[] }> {
  const { candidates, tried } = await locateTensorRt(libraryPath, context.places);
  const tensorrt: TensorRtReport[] = [];
  for (const candidate of candidates) {
    const { path, from } = candidate;
    const unopened = { family: null, version: null, path, from, usable: false };
    const crash = context.crashed?.[path];
    if (!native || crash !== undefined) {
      // Without the addon nothing is known of a bare soname, not even whether it exists.
      if (path.includes('/')) tensorrt.push({ ...unopened, reason: crash ?? 'the addon is not available' });
      continue;
    }
    await context.beforeOpening?.(path);
    const examined = await examineLibrary(candidate, native);
    if (examined.report.missing) tried.push({ path, reason: examined.reason ?? 'not there' });
    else addOnce(tensorrt, { ...describeLibrary(examined, cuda), from });
  }
  return { tensorrt, tried };
}

/** The loader finds by its name what was opened by its path before. */
function addOnce(reports: TensorRtReport[], report: TensorRtReport): void {
  if (!reports.some(({ path }) => path === report.path)) reports.push(report);
}

function describeLibrary(
  { candidate, report, reason }: ExaminedLibrary,
  cuda: CudaReport,
): Omit<TensorRtReport, 'from'> {
  const family = report.family ?? null;
  // TensorRT-RTX builds without a GPU; the others do not even start.
  const needsGpu = family !== null && family !== 'tensorrt-rtx' && cuda.reason !== null;
  const why = reason ?? (needsGpu ? `it needs a working NVIDIA driver and a GPU: ${cuda.reason}` : null);
  return {
    family,
    version: report.version === undefined ? null : formatLibraryVersion(report.version),
    path: report.path || candidate.path,
    usable: why === null,
    reason: why,
  };
}

async function probeCpu(native: Native, context: ProbeContext): Promise<CpuReport> {
  const none: CpuReport = { available: false, version: null, path: null, reason: null, tried: [] };
  const why = native ? context.crashed?.[CPU_NAME] : 'the addon is not available';
  if (why !== undefined) return { ...none, reason: why };
  try {
    await context.beforeOpening?.(CPU_NAME);
    return await context.probeCpu();
  } catch (error) {
    return { ...none, reason: messageOf(error) };
  }
}

/** What to do, most important first. */
function adviseOn({ addon, cuda, tensorrt, cpu }: ProbeReport): string[] {
  const advice: string[] = [];
  if (!addon.available)
    advice.push(
      addon.hint ??
        'The native addon is missing: in a checkout run `npm run build`, elsewhere reinstall tensorrt-node.',
    );
  const usable = tensorrt.filter((library) => library.usable);
  if (usable.length === 0 && addon.available) {
    advice.push(
      'To build engines install TensorRT-RTX with `pip install tensorrt-rtx` (no GPU needed), activate the virtual environment that has it, or set TENSORRT_NODE_LIB_DIR to the folder of libnvinfer.so.',
    );
  }
  if (addon.available && cuda.reason !== null) advice.push(adviceOnDriver(cuda));
  const hasGpu = cuda.status === 'ok' && cuda.devices.length > 0;
  const isRtxAlone = usable.length > 0 && usable.every(({ family }) => family === 'tensorrt-rtx');
  if (hasGpu && isRtxAlone)
    advice.push(
      `This GPU can use TensorRT as well as ${FAMILY_NAMES['tensorrt-rtx']}: \`pip install tensorrt-cu13\`.`,
    );
  if (addon.available && !cpu.available)
    advice.push(`To run models on the CPU add \`${cpuRuntimeCommand(cpu.tried)}\`.`);
  return advice;
}

function adviceOnDriver({ status, driver }: CudaReport): string {
  if (status === 'too-old')
    return `Update the NVIDIA driver${driver ? ` (it supports CUDA ${driver})` : ''}, or use a TensorRT for an older CUDA.`;
  if (status === 'mismatch') return "Reboot: the driver's kernel module and library differ.";
  if (status === 'not-found')
    return 'Building with TensorRT (other than TensorRT-RTX) needs a GPU: install the NVIDIA driver; in a container start it with `--gpus all`. Building with TensorRT-RTX and running on the CPU work without.';
  return 'No GPU is usable: check `nvidia-smi`, CUDA_VISIBLE_DEVICES, and `--gpus all` in a container.';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
