// SPDX-License-Identifier: Apache-2.0

/** Something that is watched while a measurement runs. */
export interface Sensor {
  /** What it is called where it fails. */
  readonly name: string;
  /** The measured phase begins. */
  start(): void;
  /** Some time of it has passed. */
  tick?(): void;
  /** It has ended. */
  stop(): void;
}
