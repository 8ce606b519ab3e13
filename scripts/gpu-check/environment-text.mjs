// SPDX-License-Identifier: Apache-2.0

const gib = (bytes) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** What was found on the host, as lines for people. */
export function environmentText(environment) {
  if (environment === null) return 'The environment could not be read.';
  const { node, host, addon, onnxRuntime, trtexec, python } = environment;
  const lines = [
    ['package', `${environment.packageVersion} on ${environment.platform}, Node ${node.version}`],
    [
      'host',
      `${host.processor}, ${host.cores} cores, ${gib(host.memoryBytes)}, Linux ${host.kernel}, glibc ${host.libc}`,
    ],
    ['addon', addon.available ? `${addon.path} (${addon.families.join(', ')})` : `missing: ${addon.reason}`],
    ['driver', driverText(environment)],
    ...environment.cuda.devices.map((device) => ['GPU', deviceText(device)]),
    ...listed('TensorRT', environment.tensorrt),
    ...listed('lean', environment.lean),
    [
      'ORT',
      onnxRuntime.available ? `${onnxRuntime.version} ${onnxRuntime.path}` : `none: ${onnxRuntime.reason}`,
    ],
    ['trtexec', trtexec.join(', ') || 'none'],
    ['Python', pythonText(python)],
  ];
  return lines.map(([name, text]) => `${name.padEnd(9)}${text}`).join('\n');
}

function driverText({ cuda, nvidiaSmi, driverModule }) {
  if (cuda.status !== 'ok') return `none: ${cuda.reason}`;
  const version = nvidiaSmi?.[0]?.driver_version ?? /(\d+\.\d+[\d.]*)/.exec(driverModule ?? '')?.[1];
  return `${version ?? 'version unknown'}, CUDA ${cuda.driver}, ${cuda.path}`;
}

function deviceText(device) {
  const kind = [device.isMig ? 'MIG' : '', device.isIntegrated ? 'integrated' : '']
    .filter(Boolean)
    .join(', ');
  const { ordinal, name, computeCapability, totalMemoryBytes, uuid, pciBusId } = device;
  return `cuda:${ordinal} ${name}, sm_${computeCapability}, ${gib(totalMemoryBytes)}, ${uuid}, ${pciBusId}${kind ? ` (${kind})` : ''}`;
}

function listed(name, libraries) {
  if (libraries.length === 0) return [[name, 'none']];
  return libraries.map(({ family, version, path, from, usable, reason }) => [
    name,
    `${family ?? 'unknown family'} ${version ?? ''} ${path} (from ${from})${usable ? '' : ` — ${reason}`}`,
  ]);
}

function pythonText({ command, python, modules, error }) {
  if (python === null) return `none: ${command}: ${error}`;
  const found = Object.entries(modules).filter(([, version]) => version !== null);
  return `${python}, ${found.map(([name, version]) => `${name} ${version}`).join(', ') || 'without TensorRT'}`;
}
