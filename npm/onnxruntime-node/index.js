// SPDX-License-Identifier: Apache-2.0
// CommonJS without an `exports` map, as onnxruntime-node is: named and default imports of both kinds keep working.
module.exports = require('tensorrt-node/onnxruntime');
