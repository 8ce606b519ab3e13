// SPDX-License-Identifier: Apache-2.0
// What the guides and README.md take for granted: a session, two of them in a row, and data for them.
import type { Feeds, Session } from '../../../lib';

/** A session that is open. */
export declare const session: Session;
export declare const first: Session;
export declare const second: Session;
/** Inputs, by the names that the prose uses. */
export declare const images: Float32Array<ArrayBuffer>;
export declare const pixels: Float32Array<ArrayBuffer>;
export declare const feeds: Feeds;
/** Some dozens of typical inputs. */
export declare const batches: readonly Feeds[];
/** What the application does with a result. */
export declare function use(result: unknown): void;
