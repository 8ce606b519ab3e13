// SPDX-License-Identifier: Apache-2.0
// Entry with a side effect: `node --require tensorrt-node/onnxruntime/register app.js`, or `--import`.

import type { ProviderName } from './provider-names';
import { register } from './registration';

/** Which execution providers are served, by name with commas; tests and users set it beside `--require`. */
const VARIABLE = 'TENSORRT_NODE_REGISTER';

const names = process.env[VARIABLE]?.split(',').map((name) => name.trim());
register(names ? { providers: names.filter((name) => name !== '') as ProviderName[] } : {});
