// SPDX-License-Identifier: Apache-2.0
// The ES module face of the same CommonJS code: one identity of every class, whichever way it is loaded.
export * from './index.js';
