// SPDX-License-Identifier: Apache-2.0

/** A backend that execution providers can name. */
export interface SupportedBackend {
  /** Name of the execution provider. */
  name: string;
  /** True where npm packages are all that it needs; false where the system must have NVIDIA's libraries. */
  bundled: boolean;
}

/** The execution providers that this package serves, whether or not this machine can use them. Opens nothing. */
export const listSupportedBackends = (): SupportedBackend[] => [
  { name: 'cpu', bundled: true },
  { name: 'cuda', bundled: false },
  { name: 'tensorrt', bundled: false },
];
