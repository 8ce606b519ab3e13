/* SPDX-License-Identifier: Apache-2.0 */
/* A shared library without the symbols that its name promises. */
int trtn_standin_empty(void) { return 0; }
