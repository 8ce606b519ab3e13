// SPDX-License-Identifier: Apache-2.0
// The ES module face of the same entry, for `node --import`.
import './register.js';
