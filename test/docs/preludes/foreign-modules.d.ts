// SPDX-License-Identifier: Apache-2.0
// Packages that pages show beside ours and that the repository does not install.
declare module '@huggingface/transformers';
