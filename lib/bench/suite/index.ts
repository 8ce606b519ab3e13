// SPDX-License-Identifier: Apache-2.0
export { compareOutputs, type Outputs, type OutputTensor } from './accuracy';
export { planCases, type PlannedCase, type SuiteAxes } from './plan-cases';
export { runSuite, type SuiteRequest } from './run-suite';
